//! Options as UniFFI records. In [`NativeOptions`] and [`NativeReconnect`], `None` means the default. Durations are in
//! seconds.

use automoderate::facade::{ClientOptions, ReconnectOptions};

/// Name and value of a header or query parameter.
#[derive(Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeNameValue {
    pub name: String,
    pub value: String,
}

/// Client certificate and its private key.
#[derive(Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeClientCertificate {
    pub chain_pem: Vec<u8>,
    pub key_pem: String,
}

/// Interval of a periodic action. `None` disables the action.
#[derive(Debug, Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeInterval {
    pub seconds: Option<f64>,
}

/// Limit on a count. `None` removes the limit.
#[derive(Debug, Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeLimit {
    pub count: Option<i64>,
}

/// Reconnection policy, with the fields of [`automoderate::ReconnectPolicy`].
#[derive(Debug, Clone, uniffi::Record)]
#[allow(missing_docs)]
pub struct NativeReconnect {
    /// True if reconnecting is disabled. In that case, the other fields are ignored.
    pub is_disabled: bool,
    pub delay: Option<f64>,
    pub factor: Option<f64>,
    pub max_delay: Option<f64>,
    pub attempts: Option<NativeLimit>,
    pub jitter: Option<f64>,
    pub stable_after: Option<f64>,
    pub max_attempts_per_minute: Option<i64>,
}

/// Options of a client, named after the methods of [`automoderate::ClientBuilder`].
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
    pub heartbeat_interval: Option<NativeInterval>,
    pub event_buffer: Option<i64>,
    pub overflow: Option<String>,
    pub rate_limit: Option<NativeLimit>,
    pub backfill: Option<String>,
    pub review_poll: Option<NativeInterval>,
    pub headers: Vec<NativeNameValue>,
    pub query: Vec<NativeNameValue>,
    pub proxy: Option<String>,
    pub extra_ca: Vec<Vec<u8>>,
    pub client_certificate: Option<NativeClientCertificate>,
    pub danger_accept_invalid_certs: Option<bool>,
}

macro_rules! hide_debug_output {
    ($($name:ident),*) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                // The fields may contain secrets.
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        })*
    };
}

hide_debug_output! { NativeNameValue, NativeClientCertificate, NativeOptions }

impl NativeReconnect {
    fn into_facade(self) -> Option<ReconnectOptions> {
        (!self.is_disabled).then_some(ReconnectOptions {
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

fn to_tuples(pairs: Vec<NativeNameValue>) -> Vec<(String, String)> {
    pairs.into_iter().map(|pair| (pair.name, pair.value)).collect()
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
            headers: to_tuples(self.headers),
            query: to_tuples(self.query),
            proxy: self.proxy,
            extra_ca: self.extra_ca,
            client_certificate: self.client_certificate.map(|one| (one.chain_pem, one.key_pem)),
            danger_accept_invalid_certs: self.danger_accept_invalid_certs,
        }
    }
}
