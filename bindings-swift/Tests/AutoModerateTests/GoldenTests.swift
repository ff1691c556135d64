import AutoModerate
import Foundation
import Testing

func goldenFile(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: environmentValue("AUTOMODERATE_ROOT") + "/core/tests/golden/\(name).json"))
}

/// Tests with the golden files that all languages share.
@Suite(.timeLimit(.minutes(1))) struct GoldenTests {
    struct Case: Decodable {
        var name: String
        var expect: JSON
    }

    static let kinds = [
        "moderation_update", "stats_update", "rule_update", "system_notification", "user_activity", "server_error",
        "unknown_event", "malformed_event",
    ]

    @Test(arguments: kinds)
    func packetsAreDecodedToTheEventsThatTheGoldenFilesExpect(_ kind: String) async throws {
        let cases = try JSONDecoder().decode([Case].self, from: goldenFile(kind))
        #expect(!cases.isEmpty)
        let client = try await Client.connect(
            environmentValue("AUTOMODERATE_GOLDEN_URL"), .init(apiKey: "k", transports: .websocket))
        let events = client.events
        try await client.emit("play", .string(kind))
        for one in cases {
            let event = try #require(try await nextMatches(1, of: events) { $0 }.first)
            #expect(event.kind == one.expect["event"]?.string, "\(one.name)")
            #expect(try goldenForm(event) == goldenForm(one.expect), "\(one.name)")
            #expect(abs(event.meta.receivedAt.timeIntervalSinceNow) < 60)
            #expect(event.meta.cursor == one.expect["meta"]?["cursor"]?.string, "\(one.name)")
            // A round trip through JSON must not change the event.
            let again = try JSONDecoder().decode(Event.self, from: JSONEncoder().encode(event))
            #expect(again == event, "\(one.name)")
            #expect(again.hashValue == event.hashValue)
        }
        await client.close()
    }

    /// Converts an event to the form of the golden files.
    private func goldenForm(_ event: Event) throws -> JSON {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.timeIntervalSince1970)
        }
        return goldenForm(try JSONDecoder().decode(JSON.self, from: encoder.encode(event)))
    }

    /// Removes null values, empty extras, and fields that only the events or only the golden files contain, and
    /// converts timestamps to milliseconds.
    private func goldenForm(_ json: JSON, in name: String = "") -> JSON {
        switch json {
        case .object(let members):
            if name == "data" || name == "meta_data" || name == "extra" { return json }
            var kept: [String: JSON] = [:]
            for (name, value) in members where value != .null {
                if name == "extra", value == .object([:]) { continue }
                if ["received_at", "cursor", "log"].contains(name) || name.hasSuffix("_text") { continue }
                if name == "attachments" { continue }
                let value = goldenForm(value, in: name)
                if value != .null { kept[name] = value }
            }
            return .object(kept)
        case .array(let all): return .array(all.map { goldenForm($0) })
        case .string(let text) where name == "timestamp":
            // In Swift, an invalid timestamp is nil, and the original text is a separate property.
            return parseTimestamp(text).map { .integer(Int64(($0 * 1000).rounded())) } ?? .null
        default:
            guard name == "timestamp", let seconds = json.double else { return json }
            return .integer(Int64((seconds * 1000).rounded()))
        }
    }

    private func parseTimestamp(_ text: String) -> Double? {
        let formatter = ISO8601DateFormatter()
        for options: ISO8601DateFormatter.Options in [
            [.withInternetDateTime], [.withInternetDateTime, .withFractionalSeconds],
        ] {
            formatter.formatOptions = options
            if let date = formatter.date(from: text) { return date.timeIntervalSince1970 }
        }
        return nil
    }

    @Test func optionsHaveTheSameDefaultsInEveryLanguage() throws {
        let golden = try JSONDecoder().decode([String: JSON].self, from: goldenFile("options"))
        let options = Client.Options()
        let policy = ReconnectPolicy()
        let ours: [String: JSON] = [
            "api_key_via": .string(options.apiKeyVia.rawValue), "transports": .string(options.transports.rawValue),
            "retry_first_connect": .bool(options.retryFirstConnect),
            "on_server_disconnect": .string(options.onServerDisconnect.rawValue),
            "connect_timeout": secondsJSON(options.connectTimeout), "join_timeout": secondsJSON(options.joinTimeout),
            "ack_timeout": secondsJSON(options.ackTimeout),
            "request_timeout": secondsJSON(options.requestTimeout), "review_poll": secondsJSON(options.reviewPoll),
            "heartbeat_interval": secondsJSON(options.heartbeatInterval),
            "event_buffer": .integer(Int64(options.eventBuffer)), "overflow": .string(options.overflow.rawValue),
            "rate_limit": .integer(Int64(options.rateLimit ?? 0)), "backfill": .string(options.backfill.rawValue),
            "danger_accept_invalid_certs": .bool(options.dangerAcceptInvalidCerts),
            "delay": secondsJSON(policy.delay), "factor": .number(policy.factor), "jitter": .number(policy.jitter),
            "stable_after": secondsJSON(policy.stableAfter),
            "max_attempts_per_minute": .integer(Int64(policy.maxAttemptsPerMinute)),
            "attempts": policy.attempts.map { .integer(Int64($0)) } ?? .null,
        ]
        var flat = golden
        if case .object(let reconnect)? = golden["reconnect"] { flat.merge(reconnect) { $1 } }
        for (name, value) in ours {
            let wanted = try #require(flat[name], "\(name)")
            #expect(wanted == value || wanted.double == value.double && value.double != nil, "\(name): \(wanted), \(value)")
        }
    }

    private func secondsJSON(_ duration: Duration?) -> JSON {
        duration.map { .number(Double($0.components.seconds) + Double($0.components.attoseconds) / 1e18) } ?? .null
    }
}
