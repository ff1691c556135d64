//! Converts options from a Python dict to the facade's types.

use automoderate::facade::{ClientOptions, ReconnectOptions};
use pyo3::{prelude::*, types::PyDict};

use crate::errors::wrong_type_error;

struct OptionsDict<'a, 'py>(&'a Bound<'py, PyDict>);

impl<'py> OptionsDict<'_, 'py> {
    /// Returns the option with this name. Returns `None` if the option is missing or is Python's `None`.
    fn get<T>(&self, name: &str) -> PyResult<Option<T>>
    where
        T: for<'a> FromPyObject<'a, 'py>,
    {
        Ok(self.get_disableable(name)?.flatten())
    }

    /// Returns an option that Python's `None` disables. The outer `Option` is `None` if the option is missing.
    fn get_disableable<T>(&self, name: &str) -> PyResult<Option<Option<T>>>
    where
        T: for<'a> FromPyObject<'a, 'py>,
    {
        let Some(value) = self.0.get_item(name)? else { return Ok(None) };
        let extracted: Result<Option<T>, PyErr> = value.extract::<Option<T>>().map_err(Into::into);
        extracted.map(Some).map_err(|error| wrong_type_error(value.py(), name, &error))
    }
}

/// Converts the options. The keys are the argument names, which appear in error messages.
pub(crate) fn options_from_python(dict: &Bound<'_, PyDict>) -> PyResult<ClientOptions> {
    let options = OptionsDict(dict);
    let reconnect = match dict.get_item("reconnect")? {
        None => None,
        Some(policy) if policy.is_none() => Some(None),
        Some(policy) => Some(Some(policy_from_python(policy.cast::<PyDict>()?)?)),
    };
    Ok(ClientOptions {
        url: options.get("url")?.unwrap_or_default(),
        fallback_urls: options.get("fallback_urls")?.unwrap_or_default(),
        api_key: options.get("api_key")?,
        api_key_via: options.get("api_key_via")?,
        session: options.get("session")?,
        email: options.get("email")?,
        password: options.get("password")?,
        transports: options.get("transports")?,
        reconnect,
        retry_first_connect: options.get("retry_first_connect")?,
        on_server_disconnect: options.get("on_server_disconnect")?,
        connect_timeout: options.get("connect_timeout")?,
        join_timeout: options.get("join_timeout")?,
        ack_timeout: options.get("ack_timeout")?,
        request_timeout: options.get("request_timeout")?,
        heartbeat_interval: options.get_disableable("heartbeat_interval")?,
        event_buffer: options.get("event_buffer")?,
        overflow: options.get("overflow")?,
        rate_limit: options.get_disableable("rate_limit")?,
        backfill: options.get("backfill")?,
        review_poll: options.get_disableable("review_poll")?,
        headers: options.get("headers")?.unwrap_or_default(),
        query: options.get("query")?.unwrap_or_default(),
        proxy: options.get("proxy")?,
        extra_ca: options.get("extra_ca")?.unwrap_or_default(),
        client_certificate: options.get("client_certificate")?,
        danger_accept_invalid_certs: options.get("danger_accept_invalid_certs")?,
    })
}

fn policy_from_python(dict: &Bound<'_, PyDict>) -> PyResult<ReconnectOptions> {
    let options = OptionsDict(dict);
    Ok(ReconnectOptions {
        delay: options.get("delay")?,
        factor: options.get("factor")?,
        max_delay: options.get("max_delay")?,
        attempts: options.get_disableable("attempts")?,
        jitter: options.get("jitter")?,
        stable_after: options.get("stable_after")?,
        max_attempts_per_minute: options.get("max_attempts_per_minute")?,
    })
}
