import AutoModerateFFI

extension Client.Options {
    /// Converts the options and the server's URL to the record that the Rust library expects.
    func toNative(_ url: String) -> NativeOptions {
        NativeOptions(
            url: url,
            fallbackUrls: fallbackURLs,
            apiKey: apiKey,
            apiKeyVia: apiKeyVia.rawValue,
            session: session,
            email: email,
            password: password,
            transports: transports.rawValue,
            reconnect: reconnect?.native ?? .disabled,
            retryFirstConnect: retryFirstConnect,
            onServerDisconnect: onServerDisconnect.rawValue,
            connectTimeout: connectTimeout.seconds,
            joinTimeout: joinTimeout.seconds,
            ackTimeout: ackTimeout.seconds,
            requestTimeout: requestTimeout.seconds,
            heartbeatInterval: NativeInterval(seconds: heartbeatInterval?.seconds),
            eventBuffer: Int64(eventBuffer),
            overflow: overflow.rawValue,
            rateLimit: NativeLimit(count: rateLimit.map { Int64($0) }),
            backfill: backfill.rawValue,
            reviewPoll: NativeInterval(seconds: reviewPoll?.seconds),
            headers: headers.map { NativeNameValue(name: $0.key, value: $0.value) },
            query: query.map { NativeNameValue(name: $0.key, value: $0.value) },
            proxy: proxy,
            extraCa: extraCa,
            clientCertificate: clientCertificate.map { NativeClientCertificate(chainPem: $0.chain, keyPem: $0.key) },
            dangerAcceptInvalidCerts: dangerAcceptInvalidCerts
        )
    }
}

extension ReconnectPolicy {
    fileprivate var native: NativeReconnect {
        NativeReconnect(
            isDisabled: false, delay: delay.seconds, factor: factor, maxDelay: maxDelay?.seconds,
            attempts: NativeLimit(count: attempts.map { Int64($0) }), jitter: jitter,
            stableAfter: stableAfter.seconds, maxAttemptsPerMinute: Int64(maxAttemptsPerMinute))
    }
}

extension NativeReconnect {
    fileprivate static var disabled: NativeReconnect {
        NativeReconnect(
            isDisabled: true, delay: nil, factor: nil, maxDelay: nil, attempts: nil, jitter: nil, stableAfter: nil,
            maxAttemptsPerMinute: nil)
    }
}

/// Hides the options from `print`, and all but `transports` from `dump`, because options may contain secrets.
extension Client.Options: CustomStringConvertible, CustomReflectable {
    public var description: String { "Options(…)" }
    public var customMirror: Mirror { Mirror(self, children: ["transports": transports]) }
}

extension ClientCertificate: CustomStringConvertible, CustomReflectable {
    public var description: String { "ClientCertificate(…)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
