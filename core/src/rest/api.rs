//! One request, one answer, one kind of error.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::json;
use crate::{
    Error, ErrorKind, Stage,
    driver::{Addresses, Authenticator, Environment, RestHeader, Target, transport::MAX_FRAME},
};

/// How much of an error's body is kept.
const EXCERPT: usize = 4096;

/// The REST side of a client.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) authenticator: Arc<Authenticator>,
    /// How long a call may take.
    pub(crate) timeout: Duration,
}

/// What the server has answered.
#[derive(Debug)]
pub(crate) enum Body {
    Text {
        text: Vec<u8>,
        /// The server's time.
        date: Option<jiff::Timestamp>,
    },
    /// It has more than [`MAX_FRAME`] bytes.
    TooLarge,
}

impl Body {
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        match self {
            Self::Text { text, .. } => json::read(&text).map_err(|error| Self::unreadable(&error)),
            Self::TooLarge => Err(Self::unreadable(&format_args!("it has more than {MAX_FRAME} bytes"))),
        }
    }

    pub(super) fn unreadable(why: &dyn std::fmt::Display) -> Error {
        Error::new(ErrorKind::Protocol, format!("the server's answer can't be read: {why}"))
    }
}

/// What is asked of the server, wherever that is.
struct Call {
    method: Method,
    body: Option<Value>,
    /// The name by which a server that has carried out the call knows it again.
    idempotency_key: Option<String>,
    /// Whether it says who calls.
    signed: bool,
}

impl Call {
    /// Whether the server may have done what was asked although it has not said so.
    fn may_have_been_carried_out(&self, error: &Error) -> bool {
        let unanswered = error.kind() == ErrorKind::ConnectFailed && error.stage() == Some(Stage::Http);
        self.method != Method::GET && unanswered && error.status().is_none()
    }
}

/// To try again might do it twice.
fn outcome_unknown(error: &Error) -> Error {
    let text = format!("the outcome is unknown, the server may have carried out the request: {error}");
    Error::new(ErrorKind::Disconnected, text).with_retryable(false).with_cause(error.clone())
}

impl Api {
    pub(super) async fn get<T: DeserializeOwned>(&self, url: impl Fn(&Target) -> Url) -> Result<T, Error> {
        self.get_body(url).await?.read()
    }

    pub(super) async fn get_body(&self, url: impl Fn(&Target) -> Url) -> Result<Body, Error> {
        self.call(url, Call { method: Method::GET, body: None, idempotency_key: None, signed: true }).await
    }

    /// Asks what anybody may ask, without credentials.
    pub(super) async fn get_openly<T: DeserializeOwned>(&self, url: impl Fn(&Target) -> Url) -> Result<T, Error> {
        self.call(url, Call { method: Method::GET, body: None, idempotency_key: None, signed: false }).await?.read()
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        url: impl Fn(&Target) -> Url,
        body: Value,
        idempotency_key: String,
    ) -> Result<T, Error> {
        let call =
            Call { method: Method::POST, body: Some(body), idempotency_key: Some(idempotency_key), signed: true };
        // An answer that can't be read is one all the same: it was carried out.
        self.call(url, call).await?.read().map_err(|error: Error| error.with_retryable(false))
    }

    /// Sends a request and reads the answer, within the timeout, a login that may be needed included.
    async fn call(&self, url: impl Fn(&Target) -> Url, call: Call) -> Result<Body, Error> {
        let late = |_| Error::connect_failed(Stage::Http, format!("no answer within {} s", self.timeout.as_secs_f64()));
        let called = tokio::time::timeout(self.timeout, self.call_patiently(url, &call)).await;
        called.unwrap_or_else(|elapsed| Err(late(elapsed))).map_err(|error| {
            let error = self.authenticator.redact(error);
            if call.may_have_been_carried_out(&error) { outcome_unknown(&error) } else { error }
        })
    }

    /// Calls the address in use. While one can't be connected to, so that it has not got the request, the next is tried.
    async fn call_patiently(&self, url: impl Fn(&Target) -> Url, call: &Call) -> Result<Body, Error> {
        let mut unreachable = None;
        for (at, environment) in self.addresses.for_rest() {
            match self.call_one(environment, url(&environment.target), call).await {
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

    async fn call_one(&self, environment: &Environment, url: Url, call: &Call) -> Result<Body, Error> {
        let failed = |error: reqwest::Error| environment.request_failed(Stage::Http, &error);
        let mut answer = self.send(environment, url, call).await?;
        if !answer.status().is_success() {
            return Err(refused(answer).await);
        }
        let date = date(&answer);
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if text.len() + chunk.len() > MAX_FRAME {
                return Ok(Body::TooLarge);
            }
            text.extend_from_slice(&chunk);
        }
        Ok(Body::Text { text, date })
    }

    /// Sends the request, and once more with other credentials if these have died meanwhile: it was not carried out.
    async fn send(&self, environment: &Environment, url: Url, call: &Call) -> Result<Response, Error> {
        let http = environment.http()?;
        let request = |header: Option<&RestHeader>| {
            let mut request = http.request(call.method.clone(), url.clone());
            if let Some((name, value)) = header {
                request = request.header(*name, value.expose());
            }
            if let Some(key) = &call.idempotency_key {
                request = request.header("Idempotency-Key", key);
            }
            match &call.body {
                Some(body) => request.json(body).send(),
                None => request.send(),
            }
        };
        let failed = |error: reqwest::Error| environment.request_failed(Stage::Http, &error);
        let header = if call.signed { self.authenticator.rest_header(environment).await? } else { None };
        let answer = request(header.as_ref()).await.map_err(failed)?;
        let Some(header) = header else { return Ok(answer) };
        if answer.status() != StatusCode::UNAUTHORIZED {
            self.authenticator.rest_accepted(&header);
            return Ok(answer);
        }
        let Some(header) = self.authenticator.renewed_header(environment, &header).await? else { return Ok(answer) };
        let answer = request(Some(&header)).await.map_err(failed)?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            self.authenticator.rest_accepted(&header);
        }
        Ok(answer)
    }
}

/// The time at the server, which says it to the second.
fn date(answer: &Response) -> Option<jiff::Timestamp> {
    let date = answer.headers().get(http::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp())
}

/// What an error status means. 401 has a code of its own, everything else is `api`.
async fn refused(mut answer: Response) -> Error {
    let status = answer.status();
    let after = answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
    let location = answer.headers().get(http::header::LOCATION).and_then(|to| to.to_str().ok());
    let wants_https = status.is_redirection() && location.is_some_and(|to| to.starts_with("https:"));
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
        _ if wants_https => (ErrorKind::Api, "the server wants https: use an https:// address".to_owned()),
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
