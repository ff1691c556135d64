//! Validation of the builder's options.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::ClientBuilder;
use crate::{Credentials, Error, ReconnectPolicy, driver::BaseUrl};

impl ClientBuilder {
    pub(super) fn validate(&self) -> Result<(), Error> {
        let invalid = |what: &str| Err(Error::invalid_argument(what));
        if let Some(conflict) = self.credentials_conflict_message {
            return invalid(conflict);
        }
        match &self.api_key {
            Some(key) if key.expose().trim().is_empty() => return invalid("api_key: it must not be empty"),
            Some(key) if HeaderValue::from_str(key.expose()).is_err() => {
                return invalid("api_key: it must not contain a line break or another character that can't be sent");
            }
            _ => {}
        }
        match &self.credentials {
            Credentials::Session(cookie) if HeaderValue::from_str(cookie.expose()).is_err() => {
                return invalid("session: it must not contain a line break or another character that can't be sent");
            }
            Credentials::Session(cookie) if cookie.expose().trim().is_empty() => {
                return invalid("session: it must not be empty");
            }
            #[cfg(feature = "rest")]
            Credentials::Password { email, .. } if email.trim().is_empty() => {
                return invalid("email: it must not be empty");
            }
            #[cfg(feature = "rest")]
            Credentials::Password { password, .. } if password.expose().is_empty() => {
                return invalid("password: it must not be empty");
            }
            _ => {}
        }
        if self.tls.is_contradictory() {
            return invalid(
                "tls_config: it replaces extra_ca, client_certificate and danger_accept_invalid_certs; don't set both",
            );
        }
        if self.event_buffer == 0 {
            return invalid("event_buffer: it must be at least 1");
        }
        let session = &self.session_config;
        for (name, timeout) in [
            ("connect_timeout", session.connect_timeout),
            ("join_timeout", session.join_timeout),
            ("ack_timeout", session.ack_timeout),
            ("request_timeout", self.request_timeout),
        ] {
            if timeout.is_zero() || timeout > OPTION_DURATION_MAX {
                return invalid(&format!("{name}: it must be more than 0 and at most a day"));
            }
        }
        if session
            .heartbeat_interval
            .is_some_and(|interval| interval < Duration::from_secs(1) || interval > OPTION_DURATION_MAX)
        {
            return invalid("heartbeat_interval: it must be from 1 s to a day, or off");
        }
        if session.review_poll.is_some_and(|pause| pause < Duration::from_secs(1) || pause > OPTION_DURATION_MAX) {
            return invalid("review_poll: it must be from 1 s to a day, or off");
        }
        if session.rate_limit.is_some_and(|limit| limit < 10) {
            return invalid("rate_limit: it must be at least 10, or off");
        }
        session.reconnect.as_ref().map_or(Ok(()), validate_reconnect_policy)
    }
}

/// Maximum value of any duration option. A longer duration is assumed to be a mistake, and adding a very long one to an
/// instant would overflow.
const OPTION_DURATION_MAX: Duration = Duration::from_secs(86_400);

fn validate_reconnect_policy(policy: &ReconnectPolicy) -> Result<(), Error> {
    let invalid = |what: &str| Err(Error::invalid_argument(format!("reconnect.{what}")));
    if policy.delay > OPTION_DURATION_MAX
        || policy.max_delay > OPTION_DURATION_MAX
        || policy.stable_after > OPTION_DURATION_MAX
    {
        return invalid("delay, max_delay and stable_after: they must be at most a day");
    }
    if policy.max_delay < policy.delay {
        return invalid("max_delay: it must not be less than delay");
    }
    if !(policy.factor.is_finite() && policy.factor >= 1.0) {
        return invalid("factor: it must be at least 1");
    }
    if !(0.0..=1.0).contains(&policy.jitter) {
        return invalid("jitter: it must be from 0 to 1");
    }
    if policy.max_attempts_per_minute == 0 {
        return invalid("max_attempts_per_minute: it must be at least 1");
    }
    Ok(())
}

pub(super) fn parse_headers(headers: &[(String, String)]) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let invalid = |what: &str| Error::invalid_argument(format!("headers: {what}"));
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("a name is invalid"))?;
        let mut value =
            HeaderValue::from_str(value).map_err(|_| invalid(&format!("the value of {name} is invalid")))?;
        value.set_sensitive(true);
        map.append(parsed, value);
    }
    Ok(map)
}

/// Parses the fallback URLs. If the main URL requires TLS, every fallback URL must require TLS as well. Otherwise, an
/// attacker on the network could force the client to use an unencrypted connection.
pub(super) fn parse_fallback_urls(first: &BaseUrl, urls: &[String]) -> Result<Vec<BaseUrl>, Error> {
    let mut others: Vec<BaseUrl> = Vec::new();
    for (at, url) in urls.iter().enumerate() {
        let option = format!("fallback_urls[{at}]");
        let base_url = BaseUrl::parse(&option, url)?;
        if base_url == *first || others.contains(&base_url) {
            return Err(Error::invalid_argument(format!("{option}: the address is a duplicate")));
        }
        if first.is_secure() && !base_url.is_secure() {
            return Err(Error::invalid_argument(format!("{option}: it must be https, as url is")));
        }
        others.push(base_url);
    }
    Ok(others)
}

pub(super) fn validate_proxy(proxy: &str) -> Result<(), Error> {
    if url::Url::parse(proxy).is_ok_and(|url| url.scheme() == "http" && url.has_host()) {
        return Ok(());
    }
    Err(Error::invalid_argument("proxy: it must be an address like http://proxy.example:3128"))
}
