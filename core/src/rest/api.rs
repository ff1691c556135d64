//! Requests to the REST API, and the errors of failed requests.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::nan_json;
use crate::{
    Error, ErrorKind, Stage,
    driver::{Authenticator, BaseUrl, Endpoint, EndpointPool, RestHeader, transport::FRAME_BYTES_MAX},
};

/// Maximum number of characters of a response body that an error keeps.
const ERROR_BODY_CHARS_MAX: usize = 4096;

/// Maximum delay that a server can demand, in seconds.
const RETRY_AFTER_SECONDS_MAX: u64 = 86_400;

/// Client for the REST API.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) endpoints: Arc<EndpointPool>,
    pub(crate) authenticator: Arc<Authenticator>,
    /// Time limit for a call, including a login and all repetitions.
    pub(crate) timeout: Duration,
    /// Time before which `learn_idempotency_support` does not ask the endpoints again.
    pub(crate) no_idempotency_query_before: Mutex<Option<tokio::time::Instant>>,
}

/// Body of a successful response.
#[derive(Debug)]
pub(crate) enum ResponseBody {
    Text {
        text: Vec<u8>,
        /// Time of the response according to the server's clock, if the server sent it.
        server_time: Option<jiff::Timestamp>,
    },
    /// The body exceeds [`FRAME_BYTES_MAX`] bytes.
    TooLarge,
}

impl ResponseBody {
    pub(super) fn parse<T: DeserializeOwned>(self) -> Result<T, Error> {
        match self {
            Self::Text { text, .. } => {
                nan_json::parse_nan_as_null(&text).map_err(|error| Self::invalid_response_error(&error))
            }
            Self::TooLarge => Err(Self::invalid_response_error(&format_args!("it exceeds {FRAME_BYTES_MAX} bytes"))),
        }
    }

    pub(super) fn invalid_response_error(reason: &dyn std::fmt::Display) -> Error {
        Error::new(ErrorKind::Protocol, format!("the server's response is invalid: {reason}"))
    }
}

/// Request to the REST API, without its URL.
pub(super) struct ApiRequest {
    method: Method,
    body: Option<Value>,
    /// Key by which a server recognises a request that it has already executed.
    idempotency_key: Option<String>,
    with_credentials: bool,
}

impl ApiRequest {
    fn get() -> Self {
        Self { method: Method::GET, body: None, idempotency_key: None, with_credentials: true }
    }

    pub(super) fn get_without_credentials() -> Self {
        Self { with_credentials: false, ..Self::get() }
    }
}

/// Returns the error for a request that the server may have executed. The error is not retryable, because a retry might
/// execute the request twice.
pub(super) fn outcome_unknown_error(error: &Error) -> Error {
    let text = format!("the outcome is unknown, because the server may have executed the request: {error}");
    let unknown = match error.status() {
        Some(status) => {
            Error::new(ErrorKind::Api, text).with_status(status).with_body(error.body().unwrap_or_default())
        }
        None => Error::new(ErrorKind::Disconnected, text),
    };
    unknown.with_retryable(false).with_cause(error.clone())
}

/// Returns `true` if [`outcome_unknown_error`] created this error. The error must come from a write.
pub(super) fn is_outcome_unknown(error: &Error) -> bool {
    error.cause().is_some() && !error.is_retryable()
}

impl Api {
    pub(super) async fn get<T: DeserializeOwned>(&self, url: impl Fn(&BaseUrl) -> Url) -> Result<T, Error> {
        self.parse(self.get_body(url).await?)
    }

    pub(super) async fn get_body(&self, url: impl Fn(&BaseUrl) -> Url) -> Result<ResponseBody, Error> {
        self.call_read_only(url, ApiRequest::get()).await
    }

    pub(super) async fn get_without_credentials<T: DeserializeOwned>(
        &self,
        url: impl Fn(&BaseUrl) -> Url,
    ) -> Result<T, Error> {
        self.parse(self.call_read_only(url, ApiRequest::get_without_credentials()).await?)
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        url: impl Fn(&BaseUrl) -> Url,
        body: Value,
        idempotency_key: String,
    ) -> Result<T, Error> {
        let request = ApiRequest {
            method: Method::POST,
            body: Some(body),
            idempotency_key: Some(idempotency_key),
            with_credentials: true,
        };
        // The server has executed the request even if its response is invalid.
        self.parse(self.write_with_repetitions(url, request).await?).map_err(|error| error.with_retryable(false))
    }

    /// Parses a response. The error may quote the response, so secrets are redacted.
    fn parse<T: DeserializeOwned>(&self, response: ResponseBody) -> Result<T, Error> {
        response.parse().map_err(|error| self.authenticator.redact(error))
    }

    /// Sends a request that changes nothing, and reads the response within the timeout.
    #[allow(clippy::disallowed_methods)] // the timeout of a call
    async fn call_read_only(&self, url: impl Fn(&BaseUrl) -> Url, request: ApiRequest) -> Result<ResponseBody, Error> {
        let timeout_error =
            |_| Error::connect_failed(Stage::Http, format!("no response within {} s", self.timeout.as_secs_f64()));
        let result = tokio::time::timeout(self.timeout, self.call_any_endpoint(&url, &request)).await;
        result.unwrap_or_else(|elapsed| Err(timeout_error(elapsed))).map_err(|error| self.authenticator.redact(error))
    }

    /// Sends the request to the endpoint that REST calls try first. If an endpoint is unreachable, it has not received
    /// the request, and the next endpoint is tried.
    pub(super) async fn call_any_endpoint(
        &self,
        url: &impl Fn(&BaseUrl) -> Url,
        request: &ApiRequest,
    ) -> Result<ResponseBody, Error> {
        let mut network_error = None;
        for (at, endpoint) in self.endpoints.in_rest_order() {
            match self.call_endpoint(endpoint, url(&endpoint.base_url), request).await {
                Err(error) if matches!(error.stage(), Some(Stage::Network | Stage::Tls)) => {
                    network_error = network_error.or(Some(error))
                }
                result => {
                    if network_error.is_some() {
                        self.endpoints.prefer_for_rest(at);
                    }
                    return result;
                }
            }
        }
        Err(network_error.unwrap_or_else(Error::closed))
    }

    pub(super) async fn call_endpoint(
        &self,
        endpoint: &Endpoint,
        url: Url,
        request: &ApiRequest,
    ) -> Result<ResponseBody, Error> {
        let request_error = |error: reqwest::Error| endpoint.request_error(Stage::Http, &error);
        let mut response = self.send_renewing_credentials(endpoint, url, request).await?;
        if !response.status().is_success() {
            return Err(status_error(response).await);
        }
        let server_time = server_time(&response);
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(request_error)? {
            if text.len() + chunk.len() > FRAME_BYTES_MAX {
                return Ok(ResponseBody::TooLarge);
            }
            text.extend_from_slice(&chunk);
        }
        Ok(ResponseBody::Text { text, server_time })
    }

    /// Sends the request. If the status is 401, the server did not execute the request, so the credentials are renewed
    /// if possible and the request is sent again.
    async fn send_renewing_credentials(
        &self,
        endpoint: &Endpoint,
        url: Url,
        request: &ApiRequest,
    ) -> Result<Response, Error> {
        let http = endpoint.http_client()?;
        let send_with = |header: Option<&RestHeader>| {
            let mut builder = http.request(request.method.clone(), url.clone());
            if let Some((name, value)) = header {
                builder = builder.header(*name, value.expose());
            }
            if let Some(key) = &request.idempotency_key {
                builder = builder.header("Idempotency-Key", key);
            }
            match &request.body {
                Some(body) => builder.json(body).send(),
                None => builder.send(),
            }
        };
        let request_error = |error: reqwest::Error| endpoint.request_error(Stage::Http, &error);
        let header = if request.with_credentials { self.authenticator.rest_header(endpoint).await? } else { None };
        let response = send_with(header.as_ref()).await.map_err(request_error)?;
        let Some(header) = header else { return Ok(response) };
        if response.status() != StatusCode::UNAUTHORIZED {
            self.authenticator.on_rest_accepted(&header);
            return Ok(response);
        }
        let Some(header) = self.authenticator.renewed_header(endpoint, &header).await? else { return Ok(response) };
        let response = send_with(Some(&header)).await.map_err(request_error)?;
        if response.status() != StatusCode::UNAUTHORIZED {
            self.authenticator.on_rest_accepted(&header);
        }
        Ok(response)
    }
}

/// Returns the time in the `Date` header, which has a resolution of one second.
fn server_time(response: &Response) -> Option<jiff::Timestamp> {
    let date = response.headers().get(http::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp())
}

/// Returns the delay that the server demands, but at most [`RETRY_AFTER_SECONDS_MAX`], so that times do not overflow.
pub(super) fn capped_retry_after(seconds: u64) -> Duration {
    Duration::from_secs(seconds.min(RETRY_AFTER_SECONDS_MAX))
}

/// Returns the error for a response whose status is not 2xx. The statuses 401 and 429 have their own codes; all other
/// statuses become `api`.
async fn status_error(mut response: Response) -> Error {
    let status = response.status();
    let retry_after = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|seconds| seconds.trim().parse().ok());
    let retry_after = retry_after.map(capped_retry_after);
    let location = response.headers().get(http::header::LOCATION).and_then(|to| to.to_str().ok());
    let requires_https = status.is_redirection() && location.is_some_and(|to| to.starts_with("https:"));
    let mut excerpt = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        excerpt.extend_from_slice(&chunk);
        if excerpt.len() >= ERROR_BODY_CHARS_MAX {
            break;
        }
    }
    let body: String = String::from_utf8_lossy(&excerpt).chars().take(ERROR_BODY_CHARS_MAX).collect();
    let json = serde_json::from_str::<Value>(&body).ok();
    let message = json.as_ref().and_then(|body| body.get("error").or_else(|| body.get("message"))?.as_str());
    let status_and_message = match message {
        Some(message) => format!("status {}: {message}", status.as_u16()),
        None => format!("status {}", status.as_u16()),
    };
    let (kind, text) = match status.as_u16() {
        401 => (
            ErrorKind::AuthenticationFailed,
            format!("the server does not accept the credentials ({status_and_message})"),
        ),
        429 => (ErrorKind::RateLimited, format!("too many requests ({status_and_message})")),
        _ if requires_https => (ErrorKind::Api, "the server requires https: use an https:// address".to_owned()),
        _ => (ErrorKind::Api, format!("the server answered with {status_and_message}")),
    };
    let mut error = Error::new(kind, text).with_status(status.as_u16()).with_body(body);
    if kind == ErrorKind::Api {
        error = error.with_retryable(status.is_server_error());
    }
    match retry_after {
        Some(retry_after) => error.with_retry_in(retry_after),
        None if kind == ErrorKind::RateLimited => error.with_retry_in(Duration::from_secs(60)),
        None => error,
    }
}
