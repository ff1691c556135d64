//! Requests to the REST API and their errors.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::json;
use crate::{
    Error, ErrorKind, Stage,
    driver::{Authenticator, BaseUrl, Endpoint, EndpointPool, RestHeader, transport::FRAME_BYTES_MAX},
};

/// Number of bytes kept of an error's body.
const ERROR_BODY_MAX: usize = 4096;

/// REST client.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) endpoints: Arc<EndpointPool>,
    pub(crate) authenticator: Arc<Authenticator>,
    /// Time allowed for a call.
    pub(crate) timeout: Duration,
}

/// Body of a response.
#[derive(Debug)]
pub(crate) enum Body {
    Text {
        text: Vec<u8>,
        /// Time at the server.
        date: Option<jiff::Timestamp>,
    },
    /// The body exceeds [`FRAME_BYTES_MAX`] bytes.
    TooLarge,
}

impl Body {
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        match self {
            Self::Text { text, .. } => json::read(&text).map_err(|error| Self::unreadable(&error)),
            Self::TooLarge => Err(Self::unreadable(&format_args!("it exceeds {FRAME_BYTES_MAX} bytes"))),
        }
    }

    pub(super) fn unreadable(why: &dyn std::fmt::Display) -> Error {
        Error::new(ErrorKind::Protocol, format!("the server's response is invalid: {why}"))
    }
}

/// Request, independent of the address.
struct Call {
    method: Method,
    body: Option<Value>,
    /// Key by which a server recognizes a request that it has already carried out.
    idempotency_key: Option<String>,
    /// True if the request carries credentials.
    signed: bool,
}

impl Call {
    /// Returns `true` if the server may have carried out the request without saying so.
    fn may_have_been_carried_out(&self, error: &Error) -> bool {
        let unanswered = error.kind() == ErrorKind::ConnectFailed && error.stage() == Some(Stage::Http);
        self.method != Method::GET && unanswered && error.status().is_none()
    }
}

/// A retry might carry out the request twice.
fn outcome_unknown(error: &Error) -> Error {
    let text = format!("the outcome is unknown, the server may have carried out the request: {error}");
    Error::new(ErrorKind::Disconnected, text).with_retryable(false).with_cause(error.clone())
}

impl Api {
    pub(super) async fn get<T: DeserializeOwned>(&self, url: impl Fn(&BaseUrl) -> Url) -> Result<T, Error> {
        self.get_body(url).await?.read()
    }

    pub(super) async fn get_body(&self, url: impl Fn(&BaseUrl) -> Url) -> Result<Body, Error> {
        self.call(url, Call { method: Method::GET, body: None, idempotency_key: None, signed: true }).await
    }

    /// Sends a GET without credentials.
    pub(super) async fn get_openly<T: DeserializeOwned>(&self, url: impl Fn(&BaseUrl) -> Url) -> Result<T, Error> {
        self.call(url, Call { method: Method::GET, body: None, idempotency_key: None, signed: false }).await?.read()
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        url: impl Fn(&BaseUrl) -> Url,
        body: Value,
        idempotency_key: String,
    ) -> Result<T, Error> {
        let call =
            Call { method: Method::POST, body: Some(body), idempotency_key: Some(idempotency_key), signed: true };
        // The request was carried out even if its response is invalid.
        self.call(url, call).await?.read().map_err(|error: Error| error.with_retryable(false))
    }

    /// Sends a request and reads the response, within the timeout, which includes a login.
    #[allow(clippy::disallowed_methods)] // the timeout of a call
    async fn call(&self, url: impl Fn(&BaseUrl) -> Url, call: Call) -> Result<Body, Error> {
        let late = |_| Error::connect_failed(Stage::Http, format!("no answer within {} s", self.timeout.as_secs_f64()));
        let called = tokio::time::timeout(self.timeout, self.call_any_endpoint(url, &call)).await;
        called.unwrap_or_else(|elapsed| Err(late(elapsed))).map_err(|error| {
            let error = self.authenticator.redact(error);
            if call.may_have_been_carried_out(&error) { outcome_unknown(&error) } else { error }
        })
    }

    /// Calls the address in use. If it can't be reached, so that it did not receive the request, tries the next.
    async fn call_any_endpoint(&self, url: impl Fn(&BaseUrl) -> Url, call: &Call) -> Result<Body, Error> {
        let mut unreachable = None;
        for (at, endpoint) in self.endpoints.for_rest() {
            match self.call_endpoint(endpoint, url(&endpoint.base_url), call).await {
                Err(error) if error.stage() == Some(Stage::Network) => unreachable = unreachable.or(Some(error)),
                called => {
                    if unreachable.is_some() {
                        self.endpoints.move_rest(at);
                    }
                    return called;
                }
            }
        }
        Err(unreachable.unwrap_or_else(Error::closed))
    }

    async fn call_endpoint(&self, endpoint: &Endpoint, url: Url, call: &Call) -> Result<Body, Error> {
        let failed = |error: reqwest::Error| endpoint.request_failed(Stage::Http, &error);
        let mut answer = self.send(endpoint, url, call).await?;
        if !answer.status().is_success() {
            return Err(status_error(answer).await);
        }
        let date = date(&answer);
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if text.len() + chunk.len() > FRAME_BYTES_MAX {
                return Ok(Body::TooLarge);
            }
            text.extend_from_slice(&chunk);
        }
        Ok(Body::Text { text, date })
    }

    /// Sends the request, and again with renewed credentials after a 401: it was not carried out.
    async fn send(&self, endpoint: &Endpoint, url: Url, call: &Call) -> Result<Response, Error> {
        let http = endpoint.http()?;
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
        let failed = |error: reqwest::Error| endpoint.request_failed(Stage::Http, &error);
        let header = if call.signed { self.authenticator.rest_header(endpoint).await? } else { None };
        let answer = request(header.as_ref()).await.map_err(failed)?;
        let Some(header) = header else { return Ok(answer) };
        if answer.status() != StatusCode::UNAUTHORIZED {
            self.authenticator.rest_accepted(&header);
            return Ok(answer);
        }
        let Some(header) = self.authenticator.renewed_header(endpoint, &header).await? else { return Ok(answer) };
        let answer = request(Some(&header)).await.map_err(failed)?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            self.authenticator.rest_accepted(&header);
        }
        Ok(answer)
    }
}

/// Time at the server, with a resolution of one second.
fn date(answer: &Response) -> Option<jiff::Timestamp> {
    let date = answer.headers().get(http::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp())
}

/// Error for an error status. 401 has its own code; everything else is `api`.
async fn status_error(mut answer: Response) -> Error {
    let status = answer.status();
    let after = answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
    let location = answer.headers().get(http::header::LOCATION).and_then(|to| to.to_str().ok());
    let wants_https = status.is_redirection() && location.is_some_and(|to| to.starts_with("https:"));
    let mut excerpt = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        excerpt.extend_from_slice(&chunk);
        if excerpt.len() >= ERROR_BODY_MAX {
            break;
        }
    }
    let body: String = String::from_utf8_lossy(&excerpt).chars().take(ERROR_BODY_MAX).collect();
    let said = serde_json::from_str::<Value>(&body).ok();
    let said = said.as_ref().and_then(|body| body.get("error").or_else(|| body.get("message"))?.as_str());
    let words = said
        .map_or_else(|| format!("status {}", status.as_u16()), |said| format!("status {}: {said}", status.as_u16()));
    let (kind, text) = match status.as_u16() {
        401 => (ErrorKind::AuthenticationFailed, format!("the server does not accept the credentials ({words})")),
        429 => (ErrorKind::RateLimited, format!("too many requests ({words})")),
        _ if wants_https => (ErrorKind::Api, "the server requires https: use an https:// address".to_owned()),
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
