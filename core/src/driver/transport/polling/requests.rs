//! HTTP requests of a polling session.

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::RequestBuilder;
use url::Url;

use super::super::{FRAME_BYTES_MAX, http_refusal};
use crate::{
    Stage,
    driver::{
        Endpoint, HttpClient, RequestAuth,
        http_body::{BodyError, read_body},
    },
    session::ConnectionFailure,
};

/// Converts the failure of a request within a session. Any such failure ends the session, even if the same failure
/// would have another meaning while a session is being opened.
pub(super) fn into_session_failure(failure: ConnectionFailure) -> ConnectionFailure {
    match failure {
        ConnectionFailure::Dial(error) | ConnectionFailure::Credentials(error) if error.status() == Some(400) => {
            ConnectionFailure::SessionUnknown(format!("the server does not know the session ({error})"))
        }
        ConnectionFailure::Dial(error) | ConnectionFailure::Credentials(error) => {
            ConnectionFailure::Io(error.to_string())
        }
        other => other,
    }
}

/// Returns the URL of a request. `sid` is `None` for the request that opens a session.
fn session_url(endpoint: &Endpoint, auth: &RequestAuth, sid: Option<&str>) -> Url {
    endpoint.base_url.socket_url("polling", sid, &auth.append_to_query(&endpoint.query))
}

/// Creates a request that waits for packets. `sid` is `None` for the request that opens a session.
pub(super) fn get_request(
    endpoint: &Endpoint,
    http: &HttpClient,
    auth: &RequestAuth,
    sid: Option<&str>,
) -> RequestBuilder {
    http.get(session_url(endpoint, auth, sid)).headers(auth.valid_headers().collect())
}

/// Creates a request that sends packets.
pub(super) fn post_request(
    endpoint: &Endpoint,
    http: &HttpClient,
    auth: &RequestAuth,
    sid: &str,
    body: String,
) -> RequestBuilder {
    http.post(session_url(endpoint, auth, Some(sid)))
        .headers(auth.valid_headers().collect())
        .header(CONTENT_TYPE, "text/plain;charset=UTF-8")
        .body(body)
}

/// Sends a request and returns the body of a successful response. Fails if a body exceeds [`FRAME_BYTES_MAX`] bytes.
pub(super) async fn send_and_read(endpoint: &Endpoint, request: RequestBuilder) -> Result<String, ConnectionFailure> {
    let failed = |error: reqwest::Error| ConnectionFailure::Dial(endpoint.request_error(Stage::Http, &error));
    let mut answer = request.send().await.map_err(failed)?;
    let status = answer.status();
    let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = read_body(&mut answer, FRAME_BYTES_MAX).await.map_err(|error| match error {
        BodyError::Http(error) => failed(error),
        BodyError::TooLarge => {
            ConnectionFailure::Protocol(format!("the server's response exceeds {FRAME_BYTES_MAX} bytes"))
        }
    })?;
    if !status.is_success() {
        return Err(http_refusal::refusal_failure(status.as_u16(), after.as_deref(), &String::from_utf8_lossy(&body)));
    }
    String::from_utf8(body).map_err(|_| ConnectionFailure::Protocol("the server's response is not UTF-8".to_owned()))
}
