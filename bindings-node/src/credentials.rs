//! Queue of requests for a credentials provider in JavaScript.

use std::sync::Arc;

use automoderate::{Credentials, ProviderError, facade::CredentialQueue};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;

use crate::completions::CompletionQueue;

/// Queue of requests for credentials. It holds no reference to the client, so waiting for a request does not keep the
/// client alive.
#[napi]
pub struct CredentialRequests(pub(crate) Arc<CredentialQueue>);

/// Answer from the provider, validated by `lib/credentials.ts`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum ProviderAnswer {
    ApiKey(String),
    Session(String),
    Password(String, String),
    None,
}

#[napi]
impl CredentialRequests {
    /// Completes with the next request as `[number, reason]`, or with `null` after the client has been dropped.
    #[napi(catch_unwind)]
    pub fn next(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        let requests = self.0.clone();
        queue.run(id, async move {
            let request = requests.next().await;
            Ok(json!(request.map(|request| json!([request.id, request.reason.as_str()]))))
        })
    }

    /// Answers a request with `{"apiKey": …}`, `{"session": …}`, `{"password": [email, password]}` or `"none"`.
    #[napi(catch_unwind)]
    pub fn answer(&self, number: i64, answer: String) -> napi::Result<()> {
        let answer = serde_json::from_str(&answer).map_err(|_| napi::Error::from_reason("no credentials"))?;
        let credentials = match answer {
            ProviderAnswer::ApiKey(key) => Credentials::ApiKey(key.into()),
            ProviderAnswer::Session(cookie) => Credentials::Session(cookie.into()),
            ProviderAnswer::Password(email, password) => Credentials::Password { email, password: password.into() },
            ProviderAnswer::None => Credentials::None,
        };
        self.0.answer(number.cast_unsigned(), Ok(credentials));
        Ok(())
    }

    /// Answers a request with an error. If `fatal` is true and a connection attempt fails with the error, the client
    /// closes.
    #[napi(catch_unwind)]
    pub fn fail(&self, number: i64, message: String, fatal: bool) {
        let error = if fatal { ProviderError::fatal(message) } else { ProviderError::retry(message) };
        self.0.answer(number.cast_unsigned(), Err(error));
    }
}
