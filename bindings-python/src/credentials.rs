//! Converts the results of a Python credentials provider. The provider is called on a Python thread or event loop.

use automoderate::{Credentials, ProviderError};
use pyo3::{exceptions::PyTypeError, prelude::*, types::PyDict};

/// Converts a provider's result: `None`, an API key, or a dict with `api_key`, with `session`, or with `email` and
/// `password`.
pub(crate) fn credentials_from_python(answer: &Bound<'_, PyAny>) -> PyResult<Credentials> {
    let wrong_type_error = || PyTypeError::new_err("credentials: the provider must return a str, a dict or None");
    if answer.is_none() {
        return Ok(Credentials::None);
    }
    if let Ok(key) = answer.extract::<String>() {
        return Ok(Credentials::ApiKey(key.into()));
    }
    let dict = answer.cast::<PyDict>().map_err(|_| wrong_type_error())?;
    let get =
        |name: &str| -> PyResult<Option<String>> { dict.get_item(name)?.map(|value| value.extract()).transpose() };
    let known = ["api_key", "session", "email", "password"];
    for key in dict.keys() {
        let key: String = key.extract()?;
        if !known.contains(&key.as_str()) {
            return Err(PyTypeError::new_err(format!(
                "credentials: unknown key {key:?}, expected {}",
                known.join(", ")
            )));
        }
    }
    match (get("api_key")?, get("session")?, get("email")?, get("password")?) {
        (Some(key), None, None, None) => Ok(Credentials::ApiKey(key.into())),
        (None, Some(cookie), None, None) => Ok(Credentials::Session(cookie.into())),
        (None, None, Some(email), Some(password)) => Ok(Credentials::Password { email, password: password.into() }),
        (None, None, None, None) => Ok(Credentials::None),
        _ => Err(PyTypeError::new_err("credentials: expected api_key, session, or email and password")),
    }
}

/// Creates the error for a failed provider. If `fatal` is true and a connection attempt fails with the error, the client
/// closes.
pub(crate) fn provider_error(message: String, fatal: bool) -> ProviderError {
    if fatal { ProviderError::fatal(message) } else { ProviderError::retry(message) }
}
