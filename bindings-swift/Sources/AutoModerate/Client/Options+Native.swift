import AutoModerateFFI

extension Client.Options {
    /// The options in the library's form.
    func native(_ url: String) -> NativeOptions {
        NativeOptions(
            url: url,
            fallbackUrls: fallbackURLs,
            apiKey: apiKey,
            apiKeyVia: apiKeyVia.rawValue,
            session: session,
            email: email,
            password: password,
            transports: transports.rawValue,
            reconnect: reconnect?.native ?? .off,
            retryFirstConnect: retryFirstConnect,
            onServerDisconnect: onServerDisconnect.rawValue,
            connectTimeout: connectTimeout.seconds,
            joinTimeout: joinTimeout.seconds,
            ackTimeout: ackTimeout.seconds,
            requestTimeout: requestTimeout.seconds,
            heartbeatInterval: NativePause(seconds: heartbeatInterval?.seconds),
            eventBuffer: Int64(eventBuffer),
            overflow: overflow.rawValue,
            rateLimit: NativeLimit(count: rateLimit.map { Int64($0) }),
            backfill: backfill.rawValue,
            reviewPoll: NativePause(seconds: reviewPoll?.seconds),
            headers: headers.map { NativePair(name: $0.key, text: $0.value) },
            query: query.map { NativePair(name: $0.key, text: $0.value) },
            proxy: proxy,
            extraCa: extraCa,
            clientCertificate: clientCertificate.map { NativeIdentity(chainPem: $0.chain, keyPem: $0.key) },
            dangerAcceptInvalidCerts: dangerAcceptInvalidCerts
        )
    }
}

extension ReconnectPolicy {
    fileprivate var native: NativeReconnect {
        NativeReconnect(
            off: false, delay: delay.seconds, factor: factor, maxDelay: maxDelay?.seconds,
            attempts: NativeLimit(count: attempts.map { Int64($0) }), jitter: jitter,
            stableAfter: stableAfter.seconds, maxAttemptsPerMinute: Int64(maxAttemptsPerMinute))
    }
}

extension NativeReconnect {
    fileprivate static var off: NativeReconnect {
        NativeReconnect(
            off: true, delay: nil, factor: nil, maxDelay: nil, attempts: nil, jitter: nil, stableAfter: nil,
            maxAttemptsPerMinute: nil)
    }
}

/// Options may contain secrets, which printing and dumping must not show.
extension Client.Options: CustomStringConvertible, CustomReflectable {
    public var description: String { "Options(…)" }
    public var customMirror: Mirror { Mirror(self, children: ["transports": transports]) }
}

extension ClientCertificate: CustomStringConvertible, CustomReflectable {
    public var description: String { "ClientCertificate(…)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
