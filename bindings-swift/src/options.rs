//! Options as records. `None` means the default; durations are seconds.

use automoderate::facade::{ClientOptions, ReconnectOptions};

/// A name and a text.
#[derive(Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativePair {
    pub name: String,
    pub text: String,
}

/// A certificate of the client's own.
#[derive(Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeIdentity {
    pub chain_pem: Vec<u8>,
    pub key_pem: String,
}

/// A pause that `None` switches off.
#[derive(Debug, Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativePause {
    pub seconds: Option<f64>,
}

/// A limit that `None` lifts.
#[derive(Debug, Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeLimit {
    pub count: Option<i64>,
}

/// The names and meanings are those of [`automoderate::ReconnectPolicy`].
#[derive(Debug, Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeReconnect {
    /// Off, whatever the other fields are.
    pub off: bool,
    pub delay: Option<f64>,
    pub factor: Option<f64>,
    pub max_delay: Option<f64>,
    pub attempts: Option<NativeLimit>,
    pub jitter: Option<f64>,
    pub stable_after: Option<f64>,
    pub max_attempts_per_minute: Option<i64>,
}

/// The names and meanings are those of [`automoderate::ClientBuilder`].
#[derive(Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeOptions {
    pub url: String,
    pub fallback_urls: Vec<String>,
    pub api_key: Option<String>,
    pub api_key_via: Option<String>,
    pub session: Option<String>,
    pub email: Option<String>,
    pub password: Option<String>,
    pub transports: Option<String>,
    pub reconnect: Option<NativeReconnect>,
    pub retry_first_connect: Option<bool>,
    pub on_server_disconnect: Option<String>,
    pub connect_timeout: Option<f64>,
    pub join_timeout: Option<f64>,
    pub ack_timeout: Option<f64>,
    pub request_timeout: Option<f64>,
    pub heartbeat_interval: Option<NativePause>,
    pub event_buffer: Option<i64>,
    pub overflow: Option<String>,
    pub rate_limit: Option<NativeLimit>,
    pub backfill: Option<String>,
    pub review_poll: Option<NativePause>,
    pub headers: Vec<NativePair>,
    pub query: Vec<NativePair>,
    pub proxy: Option<String>,
    pub extra_ca: Vec<Vec<u8>>,
    pub client_certificate: Option<NativeIdentity>,
    pub danger_accept_invalid_certs: Option<bool>,
}

macro_rules! hidden {
    ($($name:ident),*) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                // It may contain secrets.
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        })*
    };
}

hidden! { NativePair, NativeIdentity, NativeOptions }

impl NativeReconnect {
    fn into_facade(self) -> Option<ReconnectOptions> {
        (!self.off).then_some(ReconnectOptions {
            delay: self.delay,
            factor: self.factor,
            max_delay: self.max_delay,
            attempts: self.attempts.map(|limit| limit.count),
            jitter: self.jitter,
            stable_after: self.stable_after,
            max_attempts_per_minute: self.max_attempts_per_minute,
        })
    }
}

fn pairs(pairs: Vec<NativePair>) -> Vec<(String, String)> {
    pairs.into_iter().map(|pair| (pair.name, pair.text)).collect()
}

impl NativeOptions {
    pub(crate) fn into_facade(self) -> ClientOptions {
        ClientOptions {
            url: self.url,
            fallback_urls: self.fallback_urls,
            api_key: self.api_key,
            api_key_via: self.api_key_via,
            session: self.session,
            email: self.email,
            password: self.password,
            transports: self.transports,
            reconnect: self.reconnect.map(NativeReconnect::into_facade),
            retry_first_connect: self.retry_first_connect,
            on_server_disconnect: self.on_server_disconnect,
            connect_timeout: self.connect_timeout,
            join_timeout: self.join_timeout,
            ack_timeout: self.ack_timeout,
            request_timeout: self.request_timeout,
            heartbeat_interval: self.heartbeat_interval.map(|pause| pause.seconds),
            event_buffer: self.event_buffer,
            overflow: self.overflow,
            rate_limit: self.rate_limit.map(|limit| limit.count),
            backfill: self.backfill,
            review_poll: self.review_poll.map(|pause| pause.seconds),
            headers: pairs(self.headers),
            query: pairs(self.query),
            proxy: self.proxy,
            extra_ca: self.extra_ca,
            client_certificate: self.client_certificate.map(|one| (one.chain_pem, one.key_pem)),
            danger_accept_invalid_certs: self.danger_accept_invalid_certs,
        }
    }
}
