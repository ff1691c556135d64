//! Converts options from JSON to the facade's types. `lib/options.ts` has already checked the types of the options.
//! Durations in the JSON are in milliseconds.

use automoderate::facade::{ClientOptions, ReconnectOptions};
use serde::{Deserialize, Deserializer};

/// Option that `null` disables. A missing option takes its default.
type Disableable<T> = Option<Option<T>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct JsonOptions {
    url: String,
    #[serde(default)]
    fallback_urls: Vec<String>,
    api_key: Option<String>,
    api_key_via: Option<String>,
    session: Option<String>,
    email: Option<String>,
    password: Option<String>,
    transports: Option<String>,
    #[serde(default, deserialize_with = "deserialize_disableable")]
    reconnect: Disableable<JsonReconnectPolicy>,
    retry_first_connect: Option<bool>,
    on_server_disconnect: Option<String>,
    connect_timeout: Option<f64>,
    join_timeout: Option<f64>,
    ack_timeout: Option<f64>,
    request_timeout: Option<f64>,
    #[serde(default, deserialize_with = "deserialize_disableable")]
    heartbeat_interval: Disableable<f64>,
    event_buffer: Option<i64>,
    overflow: Option<String>,
    #[serde(default, deserialize_with = "deserialize_disableable")]
    rate_limit: Disableable<i64>,
    backfill: Option<String>,
    #[serde(default, deserialize_with = "deserialize_disableable")]
    review_poll: Disableable<f64>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    query: Vec<(String, String)>,
    proxy: Option<String>,
    #[serde(default)]
    extra_ca: Vec<String>,
    client_certificate: Option<(String, String)>,
    danger_accept_invalid_certs: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JsonReconnectPolicy {
    delay: Option<f64>,
    factor: Option<f64>,
    max_delay: Option<f64>,
    #[serde(default, deserialize_with = "deserialize_disableable")]
    attempts: Disableable<i64>,
    jitter: Option<f64>,
    stable_after: Option<f64>,
    max_attempts_per_minute: Option<i64>,
}

fn deserialize_disableable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Disableable<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Converts Node's milliseconds to the facade's seconds.
fn to_seconds(milliseconds: f64) -> f64 {
    milliseconds / 1e3
}

impl From<JsonOptions> for ClientOptions {
    fn from(options: JsonOptions) -> Self {
        Self {
            url: options.url,
            fallback_urls: options.fallback_urls,
            api_key: options.api_key,
            api_key_via: options.api_key_via,
            session: options.session,
            email: options.email,
            password: options.password,
            transports: options.transports,
            reconnect: options.reconnect.map(|policy| policy.map(Into::into)),
            retry_first_connect: options.retry_first_connect,
            on_server_disconnect: options.on_server_disconnect,
            connect_timeout: options.connect_timeout.map(to_seconds),
            join_timeout: options.join_timeout.map(to_seconds),
            ack_timeout: options.ack_timeout.map(to_seconds),
            request_timeout: options.request_timeout.map(to_seconds),
            heartbeat_interval: options.heartbeat_interval.map(|interval| interval.map(to_seconds)),
            event_buffer: options.event_buffer,
            overflow: options.overflow,
            rate_limit: options.rate_limit,
            backfill: options.backfill,
            review_poll: options.review_poll.map(|pause| pause.map(to_seconds)),
            headers: options.headers,
            query: options.query,
            proxy: options.proxy,
            extra_ca: options.extra_ca.into_iter().map(String::into_bytes).collect(),
            client_certificate: options.client_certificate.map(|(chain, key)| (chain.into_bytes(), key)),
            danger_accept_invalid_certs: options.danger_accept_invalid_certs,
        }
    }
}

impl From<JsonReconnectPolicy> for ReconnectOptions {
    fn from(policy: JsonReconnectPolicy) -> Self {
        Self {
            delay: policy.delay.map(to_seconds),
            factor: policy.factor,
            max_delay: policy.max_delay.map(to_seconds),
            attempts: policy.attempts,
            jitter: policy.jitter,
            stable_after: policy.stable_after.map(to_seconds),
            max_attempts_per_minute: policy.max_attempts_per_minute,
        }
    }
}
