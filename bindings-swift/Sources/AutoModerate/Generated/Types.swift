// Written by `bindings-swift/scripts/generate.sh` from the lists in `src/schema`. Not to be edited.

import Foundation

/// What the library must say for this file to read what it packs.
let schemaFingerprint: UInt64 = 0xa5d57e732630d145

/// Anything that a stream can yield.
public enum Event: Sendable, Hashable {
    /// A piece of content was decided.
    case moderationUpdate(ModerationUpdate)
    /// The project's counters, the newest replacing the ones before.
    case statsUpdate(StatsUpdate)
    /// A rule was created, updated or deleted.
    case ruleUpdate(RuleUpdate)
    /// A word from the server's operators, or from the server itself.
    case systemNotification(SystemNotification)
    /// What a user of the moderated application has been doing.
    case userActivity(UserActivity)
    /// The server's own `error` event, when it answers nothing that the SDK asked.
    case serverError(ServerError)
    /// An event with a name that the SDK does not know.
    case unknownEvent(UnknownEvent)
    /// A frame or an event that could not be read. What follows it is delivered.
    case malformedEvent(MalformedEvent)
    /// Events of a project are missing here, or may be.
    case gap(Gap)
    /// The reader of this stream was too slow: events were dropped because its buffer was full.
    case lagged(Lagged)

    /// The kind as a word: the event's documented name, or `server_error`, `unknown_event`, `malformed_event`,
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

    /// What comes with every event.
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
                forKey: .event, in: container, debugDescription: "there is no kind of events named \(other)")
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

/// What the SDK knows about an event beside its payload.
public struct Meta: Sendable, Hashable, Codable {
    /// The project: from the payload, or inferred when exactly one project is joined; otherwise absent,
    /// never invented.
    public var projectId: String?
    /// The position in the project's event log, on servers that have one.
    public var eventId: Int?
    /// How the event came.
    public var origin: Origin
    /// When the client received it, by the clock of this machine.
    public var receivedAt: Date
    /// The id of the event log that `eventId` belongs to.
    public var log: String?

    /// Makes one, for tests and previews.
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

/// A piece of content was decided.
public struct ModerationUpdate: Sendable, Hashable, Codable {
    /// The content's id.
    public var contentId: String
    /// The project the content belongs to, as the payload names it.
    public var projectId: String?
    /// The decision.
    public var status: Status
    /// The kind of content.
    public var contentType: ContentType?
    /// The beginning of the content, as its author wrote it: **markup included**. For a page use
    /// `contentPreviewHTML`.
    public var contentPreview: String
    /// What the submitter sent along, as text until it is parsed.
    public var metaData: RawJSON?
    /// How many rules or models gave a result.
    public var resultsCount: Int?
    /// Seconds the decision took.
    public var processingTime: Double?
    /// Who or what decided.
    public var moderatorType: ModeratorType?
    /// The decider's name, such as `AI Rule`.
    public var moderatorName: String?
    /// The rule that matched. Deployed servers write `Unknown Rule` when none did; that is given as it came.
    public var ruleName: String?
    /// When the decision was made.
    /// In UTC; `nil` if the server sent nothing that can be read.
    public var timestamp: Date?
    /// What the server wrote for it.
    public var timestampText: String
    /// Fields that the documentation does not know.
    public var extra: [String: JSON]
    /// What the SDK knows about the event.
    public var meta: Meta

    /// Makes one, for tests and previews.
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

/// The project's counters, the newest replacing the ones before.
public struct StatsUpdate: Sendable, Hashable, Codable {
    /// All content ever decided.
    public var totalContent: Int
    /// Of it, approved.
    public var approved: Int
    /// Of it, rejected.
    public var rejected: Int
    /// Of it, flagged for a person.
    public var flagged: Int
    /// Waiting for a decision; only on some servers.
    public var pending: Int?
    /// Percent approved.
    public var approvalRate: Double?
    /// Percent rejected.
    public var rejectionRate: Double?
    /// Percent flagged.
    public var flagRate: Double?
    /// The latest decisions.
    public var recentActivity: [RecentActivity]
    /// Fields that the documentation does not know.
    public var extra: [String: JSON]
    /// What the SDK knows about the event.
    public var meta: Meta

    /// Makes one, for tests and previews.
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
    /// The content's id.
    public var contentId: String
    /// The decision.
    public var decision: Status
    /// When it was made.
    /// In UTC; `nil` if the server sent nothing that can be read.
    public var timestamp: Date?
    /// What the server wrote for it.
    public var timestampText: String

    /// Makes one, for tests and previews.
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
    /// What happened to it.
    public var action: RuleVerb
    /// The rule, as it is now or was last.
    public var rule: Rule
    /// When it happened.
    /// In UTC; `nil` if the server sent nothing that can be read.
    public var timestamp: Date?
    /// What the server wrote for it.
    public var timestampText: String
    /// Fields that the documentation does not know.
    public var extra: [String: JSON]
    /// What the SDK knows about the event.
    public var meta: Meta

    /// Makes one, for tests and previews.
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
    /// The rule's id; a number on the wire is given as text.
    public var id: String
    /// Its name.
    public var name: String
    /// How it decides.
    public var type: RuleType?
    /// Whether it is applied.
    public var isActive: Bool?
    /// Its place in the order of the rules.
    public var priority: Int?
    /// What it does with content that it matches.
    public var action: RuleAction?
    /// Fields that the documentation does not know.
    public var extra: [String: JSON]

    /// Makes one, for tests and previews.
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

/// A word from the server's operators, or from the server itself.
public struct SystemNotification: Sendable, Hashable, Codable {
    /// The tone.
    public var type: NotificationType
    /// The text for people.
    public var message: String
    /// When it was sent.
    /// In UTC; `nil` if the server sent nothing that can be read.
    public var timestamp: Date?
    /// What the server wrote for it.
    public var timestampText: String
    /// Whether it should stay until it is withdrawn.
    public var persistent: Bool
    /// Fields that the documentation does not know.
    public var extra: [String: JSON]
    /// What the SDK knows about the event.
    public var meta: Meta

    /// Makes one, for tests and previews.
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

/// What a user of the moderated application has been doing.
public struct UserActivity: Sendable, Hashable, Codable {
    /// The user's id; a number on the wire is given as text.
    public var userId: String
    /// The user's figures.
    public var activity: Activity
    /// The content that caused this event.
    public var triggeredBy: String?
    /// When it was sent.
    /// In UTC; `nil` if the server sent nothing that can be read.
    public var timestamp: Date?
    /// What the server wrote for it.
    public var timestampText: String
    /// Fields that the documentation does not know.
    public var extra: [String: JSON]
    /// What the SDK knows about the event.
    public var meta: Meta

    /// Makes one, for tests and previews.
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
    /// How many contents the user has submitted.
    public var totalSubmissions: Int?
    /// How many of the latest were not approved.
    public var recentViolations: Int?
    /// Percent approved.
    public var approvalRate: Double?
    /// From 0, harmless, to 1.
    public var riskScore: Double?
    /// Fields that the documentation does not know.
    public var extra: [String: JSON]

    /// Makes one, for tests and previews.
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

/// The server's own `error` event, when it answers nothing that the SDK asked.
public struct ServerError: Sendable, Hashable, Codable {
    /// The server's words.
    public var message: String
    /// A code, from servers that send one.
    public var code: String?
    /// Fields that the documentation does not know.
    public var extra: [String: JSON]
    /// What the SDK knows about the event.
    public var meta: Meta

    /// Makes one, for tests and previews.
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

/// An event with a name that the SDK does not know.
public struct UnknownEvent: Sendable, Hashable, Codable {
    /// The event's name.
    public var name: String
    /// Its first argument, as text until it is parsed.
    public var data: RawJSON
    /// Binary attachments, in the order of their placeholders in `data`.
    public var attachments: [Data]
    /// What the SDK knows about the event.
    public var meta: Meta

    /// Makes one, for tests and previews.
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

/// A frame or an event that could not be read. What follows it is delivered.
public struct MalformedEvent: Sendable, Hashable, Codable {
    /// The event's name, if it could be read; otherwise empty.
    public var name: String
    /// What came, as text; perhaps not valid JSON.
    public var data: String
    /// What is wrong with it.
    public var reason: String
    /// What the SDK knows about the event.
    public var meta: Meta

    /// Makes one, for tests and previews.
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
    /// Why they can't be had.
    public var reason: GapReason
    /// How many are missing, where that is known.
    public var missed: Int?
    /// What the SDK knows about the event.
    public var meta: Meta

    /// Makes one, for tests and previews.
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
    /// How many events were dropped, since the last notice of this kind.
    public var missed: Int
    /// What the SDK knows about the event.
    public var meta: Meta

    /// Makes one, for tests and previews.
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
    /// The content's id.
    public var contentId: String
    /// The decision.
    public var status: Status
    /// What the rules and models said.
    public var moderationResults: [JSON]

    /// Makes one, for tests and previews.
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

/// A piece of content as the server keeps it.
public struct Content: Sendable, Hashable, Codable {
    /// Its id.
    public var id: String
    /// The project it belongs to.
    public var projectId: String?
    /// What it is, such as `text`.
    public var contentType: String
    /// The content itself.
    public var contentData: String
    /// What the submitter sent along.
    public var metaData: JSON?
    /// The decision.
    public var status: Status
    /// When it was submitted.
    /// In UTC; `nil` if the server sent nothing that can be read.
    public var createdAt: Date?
    /// What the server wrote for it.
    public var createdAtText: String
    /// When it was last changed.
    /// In UTC; `nil` if the server sent nothing that can be read.
    public var updatedAt: Date?
    /// What the server wrote for it.
    public var updatedAtText: String
    /// What the rules and models said.
    public var moderationResults: [JSON]

    /// Makes one, for tests and previews.
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

/// One page of contents, newest first.
public struct ContentPage: Sendable, Hashable, Codable {
    /// The contents.
    public var items: [Content]
    /// The page's number, counted from 1.
    public var page: Int
    /// Whether there is a next page.
    public var hasMore: Bool
    /// How many contents there are in all, on servers that say.
    public var total: Int?
    /// What is wrong with the rows of this page that can't be read, which are not among the items.
    public var unreadable: [String]

    /// Makes one, for tests and previews.
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
    /// All content ever submitted.
    public var totalContent: Int
    /// Of it, approved.
    public var approved: Int
    /// Of it, rejected.
    public var rejected: Int
    /// Of it, flagged for a person.
    public var flagged: Int
    /// Of it, not decided yet.
    public var pending: Int
    /// Percent approved.
    public var approvalRate: Double
    /// Everything else that the server says.
    public var extra: [String: JSON]

    /// Makes one, for tests and previews.
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

/// Whether the server is well.
public struct Health: Sendable, Hashable, Codable {
    /// The server's word for it, such as `healthy`.
    public var status: String
    /// Everything else that the server says.
    public var extra: [String: JSON]

    /// Makes one, for tests and previews.
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

/// The decision about a piece of content.
public enum Status: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// The content may be shown.
    case approved
    /// The content must not be shown.
    case rejected
    /// A person should look at the content.
    case flagged
    /// There is no decision yet.
    case pending
    /// A word that this version of the SDK does not know.
    case other(String)

    /// The word as it is on the wire.
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

/// What kind of content was decided.
public enum ContentType: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// Text.
    case text
    /// An image.
    case image
    /// A word that this version of the SDK does not know.
    case other(String)

    /// The word as it is on the wire.
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

/// Who or what decided.
public enum ModeratorType: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// A keyword or regex rule; on documented servers any rule.
    case rule
    /// A language model.
    case ai
    /// A person.
    case manual
    /// The server does not know.
    case unknown
    /// A word that this version of the SDK does not know.
    case other(String)

    /// The word as it is on the wire.
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

/// What happened to a rule.
public enum RuleVerb: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// It is new.
    case created
    /// It was changed.
    case updated
    /// It is gone.
    case deleted
    /// A word that this version of the SDK does not know.
    case other(String)

    /// The word as it is on the wire.
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

/// How a rule decides.
public enum RuleType: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// By a list of words.
    case keyword
    /// By a regular expression.
    case regex
    /// By asking a language model.
    case aiPrompt
    /// A word that this version of the SDK does not know.
    case other(String)

    /// The word as it is on the wire.
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

/// What a rule does with content that it matches.
public enum RuleAction: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// Approve it.
    case approve
    /// Reject it.
    case reject
    /// Let a person look at it.
    case flag
    /// A word that this version of the SDK does not know.
    case other(String)

    /// The word as it is on the wire.
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

/// The tone of a notification.
public enum NotificationType: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// To be known.
    case info
    /// To be careful about.
    case warning
    /// To be mended.
    case error
    /// To be glad about.
    case success
    /// A word that this version of the SDK does not know.
    case other(String)

    /// The word as it is on the wire.
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

/// How an event reached the client.
public enum Origin: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// Pushed by the server when it happened.
    case live
    /// Asked for after an interruption, from the server's event log.
    case replay
    /// Made up for by REST after an interruption, from a server without an event log.
    case backfill
    /// A word that this version of the SDK does not know.
    case other(String)

    /// The word as it is on the wire.
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

/// Why events can't be had.
public enum GapReason: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    /// The connection was interrupted, and the server keeps no log that could be asked.
    case interrupted
    /// The server's log no longer reaches back far enough.
    case expired
    /// The cursor belongs to another log: the server's database was made anew.
    case logChanged
    /// The cursor is ahead of the log: the server's database was restored from a backup.
    case cursorAhead
    /// The server has a log but did not hand out all of it.
    case replayFailed
    /// Asking by REST gave less than what was missed.
    case backfillIncomplete
    /// A word that this version of the SDK does not know.
    case other(String)

    /// The word as it is on the wire.
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
