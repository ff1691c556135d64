//! One request, one answer, one kind of error.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::{
    Error, ErrorKind, Stage,
    driver::{Addresses, Authority, Environment, Target, transport::MAX_FRAME},
};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How much of an error's body is kept.
const EXCERPT: usize = 4096;

/// The REST side of a client.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) authority: Arc<Authority>,
}

impl Api {
    pub(super) async fn get<T: DeserializeOwned>(&self, url: impl Fn(&Target) -> Url) -> Result<T, Error> {
        self.call(Method::GET, url, None).await
    }

    /// Sends a request and reads the answer, within the timeout, a login that may be needed included.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        url: impl Fn(&Target) -> Url,
        body: Option<Value>,
    ) -> Result<T, Error> {
        let late = |_| Error::connect_failed(Stage::Http, format!("no answer within {} s", TIMEOUT.as_secs()));
        tokio::time::timeout(TIMEOUT, self.call_patiently(method, url, body)).await.map_err(late)?
    }

    /// Calls the address in use. While one can't be connected to, so that it has not got the request, the next is tried.
    async fn call_patiently<T: DeserializeOwned>(
        &self,
        method: Method,
        url: impl Fn(&Target) -> Url,
        body: Option<Value>,
    ) -> Result<T, Error> {
        let mut unreachable = None;
        for (at, environment) in self.addresses.for_rest() {
            let called = self.call_one(environment, method.clone(), url(&environment.target), body.as_ref()).await;
            match called {
                Err(error) if error.stage() == Some(Stage::Network) => unreachable = unreachable.or(Some(error)),
                called => {
                    if unreachable.is_some() {
                        self.addresses.move_rest(at);
                    }
                    return called;
                }
            }
        }
        Err(unreachable.unwrap_or_else(Error::closed))
    }

    async fn call_one<T: DeserializeOwned>(
        &self,
        environment: &Environment,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<T, Error> {
        let mut request = environment.http()?.request(method, url);
        if let Some((name, value)) = self.authority.rest_header(environment).await? {
            request = request.header(name, value.expose());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let failed = |error: reqwest::Error| environment.request_failed(Stage::Http, &error);
        let mut answer = request.send().await.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(refused(answer).await);
        }
        let unreadable = |why: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Protocol, format!("the server's answer can't be read: {why}"))
        };
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if text.len() + chunk.len() > MAX_FRAME {
                return Err(unreadable(&format_args!("it has more than {MAX_FRAME} bytes")));
            }
            text.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&text).map_err(|error| unreadable(&error))
    }
}

/// What an error status means. 401 has a code of its own, everything else is `api`.
async fn refused(mut answer: Response) -> Error {
    let status = answer.status();
    let after = answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
    let mut excerpt = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        excerpt.extend_from_slice(&chunk);
        if excerpt.len() >= EXCERPT {
            break;
        }
    }
    let body: String = String::from_utf8_lossy(&excerpt).chars().take(EXCERPT).collect();
    let said = serde_json::from_str::<Value>(&body).ok();
    let said = said.as_ref().and_then(|body| body.get("error").or_else(|| body.get("message"))?.as_str());
    let words = said
        .map_or_else(|| format!("status {}", status.as_u16()), |said| format!("status {}: {said}", status.as_u16()));
    let (kind, text) = match status.as_u16() {
        401 => (ErrorKind::AuthenticationFailed, format!("the server does not accept the credentials ({words})")),
        429 => (ErrorKind::RateLimited, format!("too many requests ({words})")),
        _ => (ErrorKind::Api, format!("the server answered with {words}")),
    };
    let mut error = Error::new(kind, text).with_status(status.as_u16()).with_body(body);
    if kind == ErrorKind::Api {
        error = error.with_retryable(status.is_server_error());
    }
    match after {
        Some(after) => error.with_retry_in(after),
        None if kind == ErrorKind::RateLimited => error.with_retry_in(Duration::from_secs(60)),
        None => error,
    }
}
