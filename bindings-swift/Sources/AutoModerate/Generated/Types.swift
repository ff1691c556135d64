// Written by `bindings-swift/scripts/generate.sh` from the lists in `src/schema`. Not to be edited.

import Foundation

/// The library's schema version, which this file can read.
let schemaFingerprint: UInt64 = 0xa5d57e732630d145

/// Any event that a stream can yield.
public enum Event: Sendable, Hashable {
    /// An item was decided.
    case moderationUpdate(ModerationUpdate)
    /// The project's counters; each one replaces the previous one.
    case statsUpdate(StatsUpdate)
    /// A rule was created, updated or deleted.
    case ruleUpdate(RuleUpdate)
    /// A notification from the server's operators, or from the server itself.
    case systemNotification(SystemNotification)
    /// A user's activity in the moderated application.
    case userActivity(UserActivity)
    /// The server's `error` event, unless it answers one of the SDK's requests.
    case serverError(ServerError)
    /// An event whose name the SDK does not know.
    case unknownEvent(UnknownEvent)
    /// An unreadable frame or event. Later events are delivered.
    case malformedEvent(MalformedEvent)
    /// Events of a project are missing here, or may be.
    case gap(Gap)
    /// The reader of this stream was too slow: events were dropped because its buffer was full.
    case lagged(Lagged)

    /// The name of the kind: the documented one, or `server_error`, `unknown_event`, `malformed_event`,
    /// `gap`, `lagged`.
    public var kind: String {
        switch self {
        case .moderationUpdate: "moderation_update"
        case .statsUpdate: "stats_update"
        case .ruleUpdate: "rule_update"
        case .systemNotification: "system_notification"
        case .userActivity: "user_activity"
        case .serverError: "server_error"
        case .unknownEvent: "unknown_event"
        case .malformedEvent: "malformed_event"
        case .gap: "gap"
        case .lagged: "lagged"
        }
    }

    /// Data that the SDK adds to every event.
    public var meta: Meta {
        switch self {
        case .moderationUpdate(let event): event.meta
        case .statsUpdate(let event): event.meta
        case .ruleUpdate(let event): event.meta
        case .systemNotification(let event): event.meta
        case .userActivity(let event): event.meta
        case .serverError(let event): event.meta
        case .unknownEvent(let event): event.meta
        case .malformedEvent(let event): event.meta
        case .gap(let event): event.meta
        case .lagged(let event): event.meta
        }
    }

    init(_ reader: inout PackedReader) {
        switch reader.byte() {
        case 0: self = .moderationUpdate(ModerationUpdate(&reader))
        case 1: self = .statsUpdate(StatsUpdate(&reader))
        case 2: self = .ruleUpdate(RuleUpdate(&reader))
        case 3: self = .systemNotification(SystemNotification(&reader))
        case 4: self = .userActivity(UserActivity(&reader))
        case 5: self = .serverError(ServerError(&reader))
        case 6: self = .unknownEvent(UnknownEvent(&reader))
        case 7: self = .malformedEvent(MalformedEvent(&reader))
        case 8: self = .gap(Gap(&reader))
        case 9: self = .lagged(Lagged(&reader))
        case let other: preconditionFailure("no event has the number \(other)")
        }
    }
}

/// As JSON an event is an object with its kind as `event` and the documented fields.
extension Event: Codable {
    private enum EventKey: String, CodingKey { case event }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: EventKey.self)
        switch try container.decode(String.self, forKey: .event) {
        case "moderation_update": self = .moderationUpdate(try ModerationUpdate(from: decoder))
        case "stats_update": self = .statsUpdate(try StatsUpdate(from: decoder))
        case "rule_update": self = .ruleUpdate(try RuleUpdate(from: decoder))
        case "system_notification": self = .systemNotification(try SystemNotification(from: decoder))
        case "user_activity": self = .userActivity(try UserActivity(from: decoder))
        case "server_error": self = .serverError(try ServerError(from: decoder))
        case "unknown_event": self = .unknownEvent(try UnknownEvent(from: decoder))
        case "malformed_event": self = .malformedEvent(try MalformedEvent(from: decoder))
        case "gap": self = .gap(try Gap(from: decoder))
        case "lagged": self = .lagged(try Lagged(from: decoder))
        case let other:
            throw DecodingError.dataCorruptedError(
                forKey: .event, in: container, debugDescription: "unknown kind of events \(other)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: EventKey.self)
        try container.encode(kind, forKey: .event)
        switch self {
        case .moderationUpdate(let event): try event.encode(to: encoder)
        case .statsUpdate(let event): try event.encode(to: encoder)
        case .ruleUpdate(let event): try event.encode(to: encoder)
        case .systemNotification(let event): try event.encode(to: encoder)
        case .userActivity(let event): try event.encode(to: encoder)
        case .serverError(let event): try event.encode(to: encoder)
        case .unknownEvent(let event): try event.encode(to: encoder)
        case .malformedEvent(let event): try event.encode(to: encoder)
        case .gap(let event): try event.encode(to: encoder)
        case .lagged(let event): try event.encode(to: encoder)
        }
    }
}

extension ModerationUpdate: EventKind {
    public static var kind: String { "moderation_update" }

    public init?(_ event: Event) {
        guard case .moderationUpdate(let event) = event else { return nil }
        self = event
    }

    public var event: Event { .moderationUpdate(self) }
}

extension StatsUpdate: EventKind {
    public static var kind: String { "stats_update" }

    public init?(_ event: Event) {
        guard case .statsUpdate(let event) = event else { return nil }
        self = event
    }

    public var event: Event { .statsUpdate(self) }
}

extension RuleUpdate: EventKind {
    public static var kind: String { "rule_update" }

    public init?(_ event: Event) {
        guard case .ruleUpdate(let event) = event else { return nil }
        self = event
    }

    public var event: Event { .ruleUpdate(self) }
}

extension SystemNotification: EventKind {
    public static var kind: String { "system_notification" }

    public init?(_ event: Event) {
        guard case .systemNotification(let event) = event else { return nil }
        self = event
    }

    public var event: Event { .systemNotification(self) }
}

extension UserActivity: EventKind {
    public static var kind: String { "user_activity" }

    public init?(_ event: Event) {
        guard case .userActivity(let event) = event else { return nil }
        self = event
    }

    public var event: Event { .userActivity(self) }
}

extension ServerError: EventKind {
    public static var kind: String { "server_error" }

    public init?(_ event: Event) {
        guard case .serverError(let event) = event else { return nil }
        self = event
    }

    public var event: Event { .serverError(self) }
}

extension UnknownEvent: EventKind {
    public static var kind: String { "unknown_event" }

    public init?(_ event: Event) {
        guard case .unknownEvent(let event) = event else { return nil }
        self = event
    }

    public var event: Event { .unknownEvent(self) }
}

extension MalformedEvent: EventKind {
    public static var kind: String { "malformed_event" }

    public init?(_ event: Event) {
        guard case .malformedEvent(let event) = event else { return nil }
        self = event
    }

    public var event: Event { .malformedEvent(self) }
}

extension Gap: EventKind {
    public static var kind: String { "gap" }

    public init?(_ event: Event) {
        guard case .gap(let event) = event else { return nil }
        self = event
    }

    public var event: Event { .gap(self) }
}

extension Lagged: EventKind {
    public static var kind: String { "lagged" }

    public init?(_ event: Event) {
        guard case .lagged(let event) = event else { return nil }
        self = event
    }

    public var event: Event { .lagged(self) }
}

/// The SDK's own data about an event.
public struct Meta: Sendable, Hashable, Codable {
    /// The project, from the payload or inferred if exactly one project is joined; otherwise absent,
    /// never invented.
    public var projectId: String?
    /// The position in the project's event log, on servers with one.
    public var eventId: Int?
    /// The event's origin.
    public var origin: Origin
    /// The time of receipt, by this machine's clock.
    public var receivedAt: Date
    /// The id of the event log of `eventId`.
    public var log: String?

    /// Creates one, for tests and previews.
    public init(
        projectId: String? = nil,
        eventId: Int? = nil,
        origin: Origin = .live,
        receivedAt: Date = Date(),
        log: String? = nil
    ) {
        self.projectId = projectId
        self.eventId = eventId
        self.origin = origin
        self.receivedAt = receivedAt
        self.log = log
    }

    init(_ reader: inout PackedReader) {
        projectId = reader.flag() ? reader.shared() : nil
        eventId = reader.flag() ? reader.integer() : nil
        origin = Origin(&reader)
        receivedAt = reader.date()
        log = reader.flag() ? reader.shared() : nil
    }

    private enum CodingKeys: String, CodingKey {
        case projectId = "project_id"
        case eventId = "event_id"
        case origin = "origin"
        case receivedAt = "received_at"
        case log = "log"
    }
}

/// An item was decided.
public struct ModerationUpdate: Sendable, Hashable, Codable {
    /// The item's id.
    public var contentId: String
    /// The item's project, according to the payload.
    public var projectId: String?
    /// The decision.
    public var status: Status
    /// The item's type.
    public var contentType: ContentType?
    /// The beginning of the text, as its author wrote it, **including markup**. On a page, use
    /// `contentPreviewHTML`.
    public var contentPreview: String
    /// The submitter's metadata, as text until it is parsed.
    public var metaData: RawJSON?
    /// The number of rules or models that gave a result.
    public var resultsCount: Int?
    /// The seconds that the decision took.
    public var processingTime: Double?
    /// The decider.
    public var moderatorType: ModeratorType?
    /// The decider's name, such as `AI Rule`.
    public var moderatorName: String?
    /// The rule that matched. Deployed servers write `Unknown Rule` if none did; the value is passed on unchanged.
    public var ruleName: String?
    /// The time of the decision.
    /// In UTC; `nil` if the server sent no readable one.
    public var timestamp: Date?
    /// The server's own text for it.
    public var timestampText: String
    /// Undocumented fields.
    public var extra: [String: JSON]
    /// Data that the SDK adds to the event.
    public var meta: Meta

    /// Creates one, for tests and previews.
    public init(
        contentId: String,
        projectId: String? = nil,
        status: Status,
        contentType: ContentType? = nil,
        contentPreview: String,
        metaData: RawJSON? = nil,
        resultsCount: Int? = nil,
        processingTime: Double? = nil,
        moderatorType: ModeratorType? = nil,
        moderatorName: String? = nil,
        ruleName: String? = nil,
        timestamp: Date? = nil,
        timestampText: String = "",
        extra: [String: JSON] = [:],
        meta: Meta = Meta()
    ) {
        self.contentId = contentId
        self.projectId = projectId
        self.status = status
        self.contentType = contentType
        self.contentPreview = contentPreview
        self.metaData = metaData
        self.resultsCount = resultsCount
        self.processingTime = processingTime
        self.moderatorType = moderatorType
        self.moderatorName = moderatorName
        self.ruleName = ruleName
        self.timestamp = timestamp
        self.timestampText = timestampText
        self.extra = extra
        self.meta = meta
    }

    init(_ reader: inout PackedReader) {
        contentId = reader.text()
        projectId = reader.flag() ? reader.shared() : nil
        status = Status(&reader)
        contentType = reader.flag() ? ContentType(&reader) : nil
        contentPreview = reader.text()
        metaData = reader.flag() ? RawJSON(reader.text()) : nil
        resultsCount = reader.flag() ? reader.integer() : nil
        processingTime = reader.flag() ? reader.number() : nil
        moderatorType = reader.flag() ? ModeratorType(&reader) : nil
        moderatorName = reader.flag() ? reader.text() : nil
        ruleName = reader.flag() ? reader.text() : nil
        timestamp = reader.readableDate()
        timestampText = reader.text()
        extra = reader.object()
        meta = Meta(&reader)
    }

    private enum CodingKeys: String, CodingKey {
        case contentId = "content_id"
        case projectId = "project_id"
        case status = "status"
        case contentType = "content_type"
        case contentPreview = "content_preview"
        case metaData = "meta_data"
        case resultsCount = "results_count"
        case processingTime = "processing_time"
        case moderatorType = "moderator_type"
        case moderatorName = "moderator_name"
        case ruleName = "rule_name"
        case timestamp = "timestamp"
        case timestampText = "timestamp_text"
        case extra = "extra"
        case meta = "meta"
    }
}

/// The project's counters; each one replaces the previous one.
public struct StatsUpdate: Sendable, Hashable, Codable {
    /// All items ever decided.
    public var totalContent: Int
    /// Of these, approved items.
    public var approved: Int
    /// Of these, rejected items.
    public var rejected: Int
    /// Of these, items flagged for a person.
    public var flagged: Int
    /// Items waiting for a decision; only on some servers.
    public var pending: Int?
    /// Percent approved.
    public var approvalRate: Double?
    /// Percent rejected.
    public var rejectionRate: Double?
    /// Percent flagged.
    public var flagRate: Double?
    /// The latest decisions.
    public var recentActivity: [RecentActivity]
    /// Undocumented fields.
    public var extra: [String: JSON]
    /// Data that the SDK adds to the event.
    public var meta: Meta

    /// Creates one, for tests and previews.
    public init(
        totalContent: Int,
        approved: Int,
        rejected: Int,
        flagged: Int,
        pending: Int? = nil,
        approvalRate: Double? = nil,
        rejectionRate: Double? = nil,
        flagRate: Double? = nil,
        recentActivity: [RecentActivity] = [],
        extra: [String: JSON] = [:],
        meta: Meta = Meta()
    ) {
        self.totalContent = totalContent
        self.approved = approved
        self.rejected = rejected
        self.flagged = flagged
        self.pending = pending
        self.approvalRate = approvalRate
        self.rejectionRate = rejectionRate
        self.flagRate = flagRate
        self.recentActivity = recentActivity
        self.extra = extra
        self.meta = meta
    }

    init(_ reader: inout PackedReader) {
        totalContent = reader.integer()
        approved = reader.integer()
        rejected = reader.integer()
        flagged = reader.integer()
        pending = reader.flag() ? reader.integer() : nil
        approvalRate = reader.flag() ? reader.number() : nil
        rejectionRate = reader.flag() ? reader.number() : nil
        flagRate = reader.flag() ? reader.number() : nil
        recentActivity = reader.list { RecentActivity(&$0) }
        extra = reader.object()
        meta = Meta(&reader)
    }

    private enum CodingKeys: String, CodingKey {
        case totalContent = "total_content"
        case approved = "approved"
        case rejected = "rejected"
        case flagged = "flagged"
        case pending = "pending"
        case approvalRate = "approval_rate"
        case rejectionRate = "rejection_rate"
        case flagRate = "flag_rate"
        case recentActivity = "recent_activity"
        case extra = "extra"
        case meta = "meta"
    }
}

/// One of the latest decisions.
public struct RecentActivity: Sendable, Hashable, Codable {
    /// The item's id.
    public var contentId: String
    /// The decision.
    public var decision: Status
    /// The time of the decision.
    /// In UTC; `nil` if the server sent no readable one.
    public var timestamp: Date?
    /// The server's own text for it.
    public var timestampText: String

    /// Creates one, for tests and previews.
    public init(
        contentId: String,
        decision: Status,
        timestamp: Date? = nil,
        timestampText: String = ""
    ) {
        self.contentId = contentId
        self.decision = decision
        self.timestamp = timestamp
        self.timestampText = timestampText
    }

    init(_ reader: inout PackedReader) {
        contentId = reader.text()
        decision = Status(&reader)
        timestamp = reader.readableDate()
        timestampText = reader.text()
    }

    private enum CodingKeys: String, CodingKey {
        case contentId = "content_id"
        case decision = "decision"
        case timestamp = "timestamp"
        case timestampText = "timestamp_text"
    }
}

/// A rule was created, updated or deleted.
public struct RuleUpdate: Sendable, Hashable, Codable {
    /// The change.
    public var action: RuleVerb
    /// The rule in its current or last form.
    public var rule: Rule
    /// The time of the change.
    /// In UTC; `nil` if the server sent no readable one.
    public var timestamp: Date?
    /// The server's own text for it.
    public var timestampText: String
    /// Undocumented fields.
    public var extra: [String: JSON]
    /// Data that the SDK adds to the event.
    public var meta: Meta

    /// Creates one, for tests and previews.
    public init(
        action: RuleVerb,
        rule: Rule,
        timestamp: Date? = nil,
        timestampText: String = "",
        extra: [String: JSON] = [:],
        meta: Meta = Meta()
    ) {
        self.action = action
        self.rule = rule
        self.timestamp = timestamp
        self.timestampText = timestampText
        self.extra = extra
        self.meta = meta
    }

    init(_ reader: inout PackedReader) {
        action = RuleVerb(&reader)
        rule = Rule(&reader)
        timestamp = reader.readableDate()
        timestampText = reader.text()
        extra = reader.object()
        meta = Meta(&reader)
    }

    private enum CodingKeys: String, CodingKey {
        case action = "action"
        case rule = "rule"
        case timestamp = "timestamp"
        case timestampText = "timestamp_text"
        case extra = "extra"
        case meta = "meta"
    }
}

/// A moderation rule.
public struct Rule: Sendable, Hashable, Codable {
    /// The rule's id, as text even if it is a number on the wire.
    public var id: String
    /// Its name.
    public var name: String
    /// The way it decides.
    public var type: RuleType?
    /// True if it is applied.
    public var isActive: Bool?
    /// Its position in the order of the rules.
    public var priority: Int?
    /// Its action on items that it matches.
    public var action: RuleAction?
    /// Undocumented fields.
    public var extra: [String: JSON]

    /// Creates one, for tests and previews.
    public init(
        id: String,
        name: String,
        type: RuleType? = nil,
        isActive: Bool? = nil,
        priority: Int? = nil,
        action: RuleAction? = nil,
        extra: [String: JSON] = [:]
    ) {
        self.id = id
        self.name = name
        self.type = type
        self.isActive = isActive
        self.priority = priority
        self.action = action
        self.extra = extra
    }

    init(_ reader: inout PackedReader) {
        id = reader.text()
        name = reader.text()
        type = reader.flag() ? RuleType(&reader) : nil
        isActive = reader.flag() ? reader.flag() : nil
        priority = reader.flag() ? reader.integer() : nil
        action = reader.flag() ? RuleAction(&reader) : nil
        extra = reader.object()
    }

    private enum CodingKeys: String, CodingKey {
        case id = "id"
        case name = "name"
        case type = "type"
        case isActive = "is_active"
        case priority = "priority"
        case action = "action"
        case extra = "extra"
    }
}

/// A notification from the server's operators, or from the server itself.
public struct SystemNotification: Sendable, Hashable, Codable {
    /// The tone.
    public var type: NotificationType
    /// The text for people.
    public var message: String
    /// The time of sending.
    /// In UTC; `nil` if the server sent no readable one.
    public var timestamp: Date?
    /// The server's own text for it.
    public var timestampText: String
    /// True if it should stay until it is withdrawn.
    public var persistent: Bool
    /// Undocumented fields.
    public var extra: [String: JSON]
    /// Data that the SDK adds to the event.
    public var meta: Meta

    /// Creates one, for tests and previews.
    public init(
        type: NotificationType,
        message: String,
        timestamp: Date? = nil,
        timestampText: String = "",
        persistent: Bool,
        extra: [String: JSON] = [:],
        meta: Meta = Meta()
    ) {
        self.type = type
        self.message = message
        self.timestamp = timestamp
        self.timestampText = timestampText
        self.persistent = persistent
        self.extra = extra
        self.meta = meta
    }

    init(_ reader: inout PackedReader) {
        type = NotificationType(&reader)
        message = reader.text()
        timestamp = reader.readableDate()
        timestampText = reader.text()
        persistent = reader.flag()
        extra = reader.object()
        meta = Meta(&reader)
    }

    private enum CodingKeys: String, CodingKey {
        case type = "type"
        case message = "message"
        case timestamp = "timestamp"
        case timestampText = "timestamp_text"
        case persistent = "persistent"
        case extra = "extra"
        case meta = "meta"
    }
}

/// A user's activity in the moderated application.
public struct UserActivity: Sendable, Hashable, Codable {
    /// The user's id, as text even if it is a number on the wire.
    public var userId: String
    /// The user's figures.
    public var activity: Activity
    /// The item that caused this event.
    public var triggeredBy: String?
    /// The time of sending.
    /// In UTC; `nil` if the server sent no readable one.
    public var timestamp: Date?
    /// The server's own text for it.
    public var timestampText: String
    /// Undocumented fields.
    public var extra: [String: JSON]
    /// Data that the SDK adds to the event.
    public var meta: Meta

    /// Creates one, for tests and previews.
    public init(
        userId: String,
        activity: Activity,
        triggeredBy: String? = nil,
        timestamp: Date? = nil,
        timestampText: String = "",
        extra: [String: JSON] = [:],
        meta: Meta = Meta()
    ) {
        self.userId = userId
        self.activity = activity
        self.triggeredBy = triggeredBy
        self.timestamp = timestamp
        self.timestampText = timestampText
        self.extra = extra
        self.meta = meta
    }

    init(_ reader: inout PackedReader) {
        userId = reader.text()
        activity = Activity(&reader)
        triggeredBy = reader.flag() ? reader.text() : nil
        timestamp = reader.readableDate()
        timestampText = reader.text()
        extra = reader.object()
        meta = Meta(&reader)
    }

    private enum CodingKeys: String, CodingKey {
        case userId = "user_id"
        case activity = "activity"
        case triggeredBy = "triggered_by"
        case timestamp = "timestamp"
        case timestampText = "timestamp_text"
        case extra = "extra"
        case meta = "meta"
    }
}

/// A user's figures.
public struct Activity: Sendable, Hashable, Codable {
    /// The number of the user's submissions.
    public var totalSubmissions: Int?
    /// The number of the latest submissions that were not approved.
    public var recentViolations: Int?
    /// Percent approved.
    public var approvalRate: Double?
    /// From 0, harmless, to 1.
    public var riskScore: Double?
    /// Undocumented fields.
    public var extra: [String: JSON]

    /// Creates one, for tests and previews.
    public init(
        totalSubmissions: Int? = nil,
        recentViolations: Int? = nil,
        approvalRate: Double? = nil,
        riskScore: Double? = nil,
        extra: [String: JSON] = [:]
    ) {
        self.totalSubmissions = totalSubmissions
        self.recentViolations = recentViolations
        self.approvalRate = approvalRate
        self.riskScore = riskScore
        self.extra = extra
    }

    init(_ reader: inout PackedReader) {
        totalSubmissions = reader.flag() ? reader.integer() : nil
        recentViolations = reader.flag() ? reader.integer() : nil
        approvalRate = reader.flag() ? reader.number() : nil
        riskScore = reader.flag() ? reader.number() : nil
        extra = reader.object()
    }

    private enum CodingKeys: String, CodingKey {
        case totalSubmissions = "total_submissions"
        case recentViolations = "recent_violations"
        case approvalRate = "approval_rate"
        case riskScore = "risk_score"
        case extra = "extra"
    }
}

/// The server's `error` event, unless it answers one of the SDK's requests.
public struct ServerError: Sendable, Hashable, Codable {
    /// The server's message.
    public var message: String
    /// The error code, from servers that send one.
    public var code: String?
    /// Undocumented fields.
    public var extra: [String: JSON]
    /// Data that the SDK adds to the event.
    public var meta: Meta

    /// Creates one, for tests and previews.
    public init(
        message: String,
        code: String? = nil,
        extra: [String: JSON] = [:],
        meta: Meta = Meta()
    ) {
        self.message = message
        self.code = code
        self.extra = extra
        self.meta = meta
    }

    init(_ reader: inout PackedReader) {
        message = reader.text()
        code = reader.flag() ? reader.text() : nil
        extra = reader.object()
        meta = Meta(&reader)
    }

    private enum CodingKeys: String, CodingKey {
        case message = "message"
        case code = "code"
        case extra = "extra"
        case meta = "meta"
    }
}

/// An event whose name the SDK does not know.
public struct UnknownEvent: Sendable, Hashable, Codable {
    /// The event's name.
    public var name: String
    /// Its first argument, as text until it is parsed.
    public var data: RawJSON
    /// Binary attachments, in the order of their placeholders in `data`.
    public var attachments: [Data]
    /// Data that the SDK adds to the event.
    public var meta: Meta

    /// Creates one, for tests and previews.
    public init(
        name: String,
        data: RawJSON,
        attachments: [Data] = [],
        meta: Meta = Meta()
    ) {
        self.name = name
        self.data = data
        self.attachments = attachments
        self.meta = meta
    }

    init(_ reader: inout PackedReader) {
        name = reader.text()
        data = RawJSON(reader.text())
        attachments = reader.list { $0.data() }
        meta = Meta(&reader)
    }

    private enum CodingKeys: String, CodingKey {
        case name = "name"
        case data = "data"
        case attachments = "attachments"
        case meta = "meta"
    }
}

/// An unreadable frame or event. Later events are delivered.
public struct MalformedEvent: Sendable, Hashable, Codable {
    /// The event's name; empty if unreadable.
    public var name: String
    /// The received text; possibly invalid JSON.
    public var data: String
    /// The reason that it is unreadable.
    public var reason: String
    /// Data that the SDK adds to the event.
    public var meta: Meta

    /// Creates one, for tests and previews.
    public init(
        name: String,
        data: String,
        reason: String,
        meta: Meta = Meta()
    ) {
        self.name = name
        self.data = data
        self.reason = reason
        self.meta = meta
    }

    init(_ reader: inout PackedReader) {
        name = reader.text()
        data = reader.text()
        reason = reader.text()
        meta = Meta(&reader)
    }

    private enum CodingKeys: String, CodingKey {
        case name = "name"
        case data = "data"
        case reason = "reason"
        case meta = "meta"
    }
}

/// Events of a project are missing here, or may be.
public struct Gap: Sendable, Hashable, Codable {
    /// The project whose events are missing.
    public var projectId: String
    /// The reason for the loss.
    public var reason: GapReason
    /// The number of missing events, if known.
    public var missed: Int?
    /// Data that the SDK adds to the event.
    public var meta: Meta

    /// Creates one, for tests and previews.
    public init(
        projectId: String,
        reason: GapReason,
        missed: Int? = nil,
        meta: Meta = Meta()
    ) {
        self.projectId = projectId
        self.reason = reason
        self.missed = missed
        self.meta = meta
    }

    init(_ reader: inout PackedReader) {
        projectId = reader.shared()
        reason = GapReason(&reader)
        missed = reader.flag() ? reader.integer() : nil
        meta = Meta(&reader)
    }

    private enum CodingKeys: String, CodingKey {
        case projectId = "project_id"
        case reason = "reason"
        case missed = "missed"
        case meta = "meta"
    }
}

/// The reader of this stream was too slow: events were dropped because its buffer was full.
public struct Lagged: Sendable, Hashable, Codable {
    /// The number of events dropped since the last notice of this kind.
    public var missed: Int
    /// Data that the SDK adds to the event.
    public var meta: Meta

    /// Creates one, for tests and previews.
    public init(
        missed: Int,
        meta: Meta = Meta()
    ) {
        self.missed = missed
        self.meta = meta
    }

    init(_ reader: inout PackedReader) {
        missed = reader.integer()
        meta = Meta(&reader)
    }

    private enum CodingKeys: String, CodingKey {
        case missed = "missed"
        case meta = "meta"
    }
}

/// The server's decision about a submission.
public struct Moderation: Sendable, Hashable, Codable {
    /// The item's id.
    public var contentId: String
    /// The decision.
    public var status: Status
    /// The results of rules and models.
    public var moderationResults: [JSON]

    /// Creates one, for tests and previews.
    public init(
        contentId: String,
        status: Status,
        moderationResults: [JSON] = []
    ) {
        self.contentId = contentId
        self.status = status
        self.moderationResults = moderationResults
    }

    init(_ reader: inout PackedReader) {
        contentId = reader.text()
        status = Status(&reader)
        moderationResults = reader.list { JSON(&$0) }
    }

    private enum CodingKeys: String, CodingKey {
        case contentId = "content_id"
        case status = "status"
        case moderationResults = "moderation_results"
    }
}

/// An item as the server stores it.
public struct Content: Sendable, Hashable, Codable {
    /// Its id.
    public var id: String
    /// Its project.
    public var projectId: String?
    /// Its type, such as `text`.
    public var contentType: String
    /// The content itself.
    public var contentData: String
    /// The submitter's metadata.
    public var metaData: JSON?
    /// The decision.
    public var status: Status
    /// The time of submission.
    /// In UTC; `nil` if the server sent no readable one.
    public var createdAt: Date?
    /// The server's own text for it.
    public var createdAtText: String
    /// The time of its last change.
    /// In UTC; `nil` if the server sent no readable one.
    public var updatedAt: Date?
    /// The server's own text for it.
    public var updatedAtText: String
    /// The results of rules and models.
    public var moderationResults: [JSON]

    /// Creates one, for tests and previews.
    public init(
        id: String,
        projectId: String? = nil,
        contentType: String,
        contentData: String,
        metaData: JSON? = nil,
        status: Status,
        createdAt: Date? = nil,
        createdAtText: String = "",
        updatedAt: Date? = nil,
        updatedAtText: String = "",
        moderationResults: [JSON] = []
    ) {
        self.id = id
        self.projectId = projectId
        self.contentType = contentType
        self.contentData = contentData
        self.metaData = metaData
        self.status = status
        self.createdAt = createdAt
        self.createdAtText = createdAtText
        self.updatedAt = updatedAt
        self.updatedAtText = updatedAtText
        self.moderationResults = moderationResults
    }

    init(_ reader: inout PackedReader) {
        id = reader.text()
        projectId = reader.flag() ? reader.shared() : nil
        contentType = reader.text()
        contentData = reader.text()
        metaData = reader.flag() ? JSON(&reader) : nil
        status = Status(&reader)
        createdAt = reader.readableDate()
        createdAtText = reader.text()
        updatedAt = reader.readableDate()
        updatedAtText = reader.text()
        moderationResults = reader.list { JSON(&$0) }
    }

    private enum CodingKeys: String, CodingKey {
        case id = "id"
        case projectId = "project_id"
        case contentType = "content_type"
        case contentData = "content_data"
        case metaData = "meta_data"
        case status = "status"
        case createdAt = "created_at"
        case createdAtText = "created_at_text"
        case updatedAt = "updated_at"
        case updatedAtText = "updated_at_text"
        case moderationResults = "moderation_results"
    }
}

/// One page of items, newest first.
public struct ContentPage: Sendable, Hashable, Codable {
    /// The items.
    public var items: [Content]
    /// The page's number; the first page is 1.
    public var page: Int
    /// True if there is a next page.
    public var hasMore: Bool
    /// The total number of items, if the server says so.
    public var total: Int?
    /// The errors of this page's unreadable rows, which are not among the items.
    public var unreadable: [String]

    /// Creates one, for tests and previews.
    public init(
        items: [Content] = [],
        page: Int,
        hasMore: Bool,
        total: Int? = nil,
        unreadable: [String] = []
    ) {
        self.items = items
        self.page = page
        self.hasMore = hasMore
        self.total = total
        self.unreadable = unreadable
    }

    init(_ reader: inout PackedReader) {
        items = reader.list { Content(&$0) }
        page = reader.integer()
        hasMore = reader.flag()
        total = reader.flag() ? reader.integer() : nil
        unreadable = reader.list { $0.text() }
    }

    private enum CodingKeys: String, CodingKey {
        case items = "items"
        case page = "page"
        case hasMore = "has_more"
        case total = "total"
        case unreadable = "unreadable"
    }
}

/// A project's counters.
public struct Statistics: Sendable, Hashable, Codable {
    /// All items ever submitted.
    public var totalContent: Int
    /// Of these, approved items.
    public var approved: Int
    /// Of these, rejected items.
    public var rejected: Int
    /// Of these, items flagged for a person.
    public var flagged: Int
    /// Of these, items without a decision.
    public var pending: Int
    /// Percent approved.
    public var approvalRate: Double
    /// All other fields that the server sent.
    public var extra: [String: JSON]

    /// Creates one, for tests and previews.
    public init(
        totalContent: Int,
        approved: Int,
        rejected: Int,
        flagged: Int,
        pending: Int,
        approvalRate: Double,
        extra: [String: JSON] = [:]
    ) {
        self.totalContent = totalContent
        self.approved = approved
        self.rejected = rejected
        self.flagged = flagged
        self.pending = pending
        self.approvalRate = approvalRate
        self.extra = extra
    }

    init(_ reader: inout PackedReader) {
        totalContent = reader.integer()
        approved = reader.integer()
        rejected = reader.integer()
        flagged = reader.integer()
        pending = reader.integer()
        approvalRate = reader.number()
        extra = reader.object()
    }

    private enum CodingKeys: String, CodingKey {
        case totalContent = "total_content"
        case approved = "approved"
        case rejected = "rejected"
        case flagged = "flagged"
        case pending = "pending"
        case approvalRate = "approval_rate"
        case extra = "extra"
    }
}

/// The server's health.
public struct Health: Sendable, Hashable, Codable {
    /// The server's own word for it, such as `healthy`.
    public var status: String
    /// All other fields that the server sent.
    public var extra: [String: JSON]

    /// Creates one, for tests and previews.
    public init(
        status: String,
        extra: [String: JSON] = [:]
    ) {
        self.status = status
        self.extra = extra
    }

    init(_ reader: inout PackedReader) {
        status = reader.text()
        extra = reader.object()
    }

    private enum CodingKeys: String, CodingKey {
        case status = "status"
        case extra = "extra"
    }
}

/// The decision about an item.
public enum Status: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// The item may be shown.
    case approved
    /// The item must not be shown.
    case rejected
    /// A person should look at the item.
    case flagged
    /// There is no decision yet.
    case pending
    /// A value unknown to this version of the SDK.
    case other(String)

    /// The value on the wire.
    public var rawValue: String {
        switch self {
        case .approved: "approved"
        case .rejected: "rejected"
        case .flagged: "flagged"
        case .pending: "pending"
        case .other(let word): word
        }
    }

    public init(rawValue: String) {
        self = switch rawValue {
        case "approved": .approved
        case "rejected": .rejected
        case "flagged": .flagged
        case "pending": .pending
        default: .other(rawValue)
        }
    }

    public var description: String { rawValue }

    init(_ reader: inout PackedReader) {
        self = switch reader.byte() {
        case 0: .approved
        case 1: .rejected
        case 2: .flagged
        case 3: .pending
        default: .other(reader.text())
        }
    }
}

/// The type of a decided item.
public enum ContentType: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// Text.
    case text
    /// An image.
    case image
    /// A value unknown to this version of the SDK.
    case other(String)

    /// The value on the wire.
    public var rawValue: String {
        switch self {
        case .text: "text"
        case .image: "image"
        case .other(let word): word
        }
    }

    public init(rawValue: String) {
        self = switch rawValue {
        case "text": .text
        case "image": .image
        default: .other(rawValue)
        }
    }

    public var description: String { rawValue }

    init(_ reader: inout PackedReader) {
        self = switch reader.byte() {
        case 0: .text
        case 1: .image
        default: .other(reader.text())
        }
    }
}

/// The decider.
public enum ModeratorType: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// A keyword or regex rule; on documented servers any rule.
    case rule
    /// A language model.
    case ai
    /// A person.
    case manual
    /// Unknown to the server.
    case unknown
    /// A value unknown to this version of the SDK.
    case other(String)

    /// The value on the wire.
    public var rawValue: String {
        switch self {
        case .rule: "rule"
        case .ai: "ai"
        case .manual: "manual"
        case .unknown: "unknown"
        case .other(let word): word
        }
    }

    public init(rawValue: String) {
        self = switch rawValue {
        case "rule": .rule
        case "ai": .ai
        case "manual": .manual
        case "unknown": .unknown
        default: .other(rawValue)
        }
    }

    public var description: String { rawValue }

    init(_ reader: inout PackedReader) {
        self = switch reader.byte() {
        case 0: .rule
        case 1: .ai
        case 2: .manual
        case 3: .unknown
        default: .other(reader.text())
        }
    }
}

/// The change of a rule.
public enum RuleVerb: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// It is new.
    case created
    /// It was changed.
    case updated
    /// It is gone.
    case deleted
    /// A value unknown to this version of the SDK.
    case other(String)

    /// The value on the wire.
    public var rawValue: String {
        switch self {
        case .created: "created"
        case .updated: "updated"
        case .deleted: "deleted"
        case .other(let word): word
        }
    }

    public init(rawValue: String) {
        self = switch rawValue {
        case "created": .created
        case "updated": .updated
        case "deleted": .deleted
        default: .other(rawValue)
        }
    }

    public var description: String { rawValue }

    init(_ reader: inout PackedReader) {
        self = switch reader.byte() {
        case 0: .created
        case 1: .updated
        case 2: .deleted
        default: .other(reader.text())
        }
    }
}

/// The way a rule decides.
public enum RuleType: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// By a list of keywords.
    case keyword
    /// By a regular expression.
    case regex
    /// By asking a language model.
    case aiPrompt
    /// A value unknown to this version of the SDK.
    case other(String)

    /// The value on the wire.
    public var rawValue: String {
        switch self {
        case .keyword: "keyword"
        case .regex: "regex"
        case .aiPrompt: "ai_prompt"
        case .other(let word): word
        }
    }

    public init(rawValue: String) {
        self = switch rawValue {
        case "keyword": .keyword
        case "regex": .regex
        case "ai_prompt": .aiPrompt
        default: .other(rawValue)
        }
    }

    public var description: String { rawValue }

    init(_ reader: inout PackedReader) {
        self = switch reader.byte() {
        case 0: .keyword
        case 1: .regex
        case 2: .aiPrompt
        default: .other(reader.text())
        }
    }
}

/// A rule's action on items that it matches.
public enum RuleAction: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// Approve it.
    case approve
    /// Reject it.
    case reject
    /// Let a person look at it.
    case flag
    /// A value unknown to this version of the SDK.
    case other(String)

    /// The value on the wire.
    public var rawValue: String {
        switch self {
        case .approve: "approve"
        case .reject: "reject"
        case .flag: "flag"
        case .other(let word): word
        }
    }

    public init(rawValue: String) {
        self = switch rawValue {
        case "approve": .approve
        case "reject": .reject
        case "flag": .flag
        default: .other(rawValue)
        }
    }

    public var description: String { rawValue }

    init(_ reader: inout PackedReader) {
        self = switch reader.byte() {
        case 0: .approve
        case 1: .reject
        case 2: .flag
        default: .other(reader.text())
        }
    }
}

/// The severity of a notification.
public enum NotificationType: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// Information.
    case info
    /// A warning.
    case warning
    /// An error.
    case error
    /// A success.
    case success
    /// A value unknown to this version of the SDK.
    case other(String)

    /// The value on the wire.
    public var rawValue: String {
        switch self {
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        case .success: "success"
        case .other(let word): word
        }
    }

    public init(rawValue: String) {
        self = switch rawValue {
        case "info": .info
        case "warning": .warning
        case "error": .error
        case "success": .success
        default: .other(rawValue)
        }
    }

    public var description: String { rawValue }

    init(_ reader: inout PackedReader) {
        self = switch reader.byte() {
        case 0: .info
        case 1: .warning
        case 2: .error
        case 3: .success
        default: .other(reader.text())
        }
    }
}

/// The origin of an event.
public enum Origin: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// Pushed live by the server.
    case live
    /// Replayed from the server's event log after an interruption.
    case replay
    /// Fetched by REST after an interruption, from a server without an event log.
    case backfill
    /// A value unknown to this version of the SDK.
    case other(String)

    /// The value on the wire.
    public var rawValue: String {
        switch self {
        case .live: "live"
        case .replay: "replay"
        case .backfill: "backfill"
        case .other(let word): word
        }
    }

    public init(rawValue: String) {
        self = switch rawValue {
        case "live": .live
        case "replay": .replay
        case "backfill": .backfill
        default: .other(rawValue)
        }
    }

    public var description: String { rawValue }

    init(_ reader: inout PackedReader) {
        self = switch reader.byte() {
        case 0: .live
        case 1: .replay
        case 2: .backfill
        default: .other(reader.text())
        }
    }
}

/// The reason for missing events.
public enum GapReason: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// The connection was interrupted, and the server keeps no event log.
    case interrupted
    /// The server's log no longer reaches back far enough.
    case expired
    /// The cursor belongs to another log: the server's database was recreated.
    case logChanged
    /// The cursor is ahead of the log: the server's database was restored from a backup.
    case cursorAhead
    /// The server has a log but did not return all of it.
    case replayFailed
    /// REST returned fewer events than were missed.
    case backfillIncomplete
    /// A value unknown to this version of the SDK.
    case other(String)

    /// The value on the wire.
    public var rawValue: String {
        switch self {
        case .interrupted: "interrupted"
        case .expired: "expired"
        case .logChanged: "log_changed"
        case .cursorAhead: "cursor_ahead"
        case .replayFailed: "replay_failed"
        case .backfillIncomplete: "backfill_incomplete"
        case .other(let word): word
        }
    }

    public init(rawValue: String) {
        self = switch rawValue {
        case "interrupted": .interrupted
        case "expired": .expired
        case "log_changed": .logChanged
        case "cursor_ahead": .cursorAhead
        case "replay_failed": .replayFailed
        case "backfill_incomplete": .backfillIncomplete
        default: .other(rawValue)
        }
    }

    public var description: String { rawValue }

    init(_ reader: inout PackedReader) {
        self = switch reader.byte() {
        case 0: .interrupted
        case 1: .expired
        case 2: .logChanged
        case 3: .cursorAhead
        case 4: .replayFailed
        case 5: .backfillIncomplete
        default: .other(reader.text())
        }
    }
}
