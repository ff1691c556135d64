//! A credentials provider in JavaScript, which is called through a queue.

use std::sync::Arc;

use automoderate::{Credentials, ProviderError, facade::CredentialQueue};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;

use crate::port::Port;

/// Requests for credentials, waiting for an answer. Outlives the client, so that waiting keeps nothing alive.
#[napi]
pub struct CredentialRequests(pub(crate) Arc<CredentialQueue>);

/// A provider's result, checked by `lib/credentials.ts`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Answer {
    ApiKey(String),
    Session(String),
    Password(String, String),
    None,
}

#[napi]
impl CredentialRequests {
    /// Sends the next request to the port as `[number, reason]`, or `null` when the client is gone.
    #[napi(catch_unwind)]
    pub fn next(&self, port: &Port, id: i64) -> napi::Result<()> {
        let queue = self.0.clone();
        port.run(id, async move {
            let request = queue.next().await;
            Ok(json!(request.map(|request| json!([request.id, request.reason.as_str()]))))
        })
    }

    /// Answers a request with `{"apiKey": …}`, `{"session": …}`, `{"password": [email, password]}` or `"none"`.
    #[napi(catch_unwind)]
    pub fn answer(&self, number: i64, answer: String) -> napi::Result<()> {
        let answer = serde_json::from_str(&answer).map_err(|_| napi::Error::from_reason("no credentials"))?;
        let credentials = match answer {
            Answer::ApiKey(key) => Credentials::ApiKey(key.into()),
            Answer::Session(cookie) => Credentials::Session(cookie.into()),
            Answer::Password(email, password) => Credentials::Password { email, password: password.into() },
            Answer::None => Credentials::None,
        };
        self.0.answer(number.cast_unsigned(), Ok(credentials));
        Ok(())
    }

    /// There are no credentials, for now or for good.
    #[napi(catch_unwind)]
    pub fn refuse(&self, number: i64, message: String, fatal: bool) {
        let error = if fatal { ProviderError::fatal(message) } else { ProviderError::retry(message) };
        self.0.answer(number.cast_unsigned(), Err(error));
    }
}
