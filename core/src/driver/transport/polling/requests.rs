//! The HTTP requests of a polling session.

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::RequestBuilder;
use url::Url;

use super::super::{MAX_FRAME, http_status};
use crate::{
    Stage,
    driver::{
        Environment, Http, RequestAuth,
        http_body::{BodyError, read_body},
    },
    session::Fault,
};

/// A request that fails in the middle of a session ends the session, whatever it would have meant at its start.
pub(super) fn lost(fault: Fault) -> Fault {
    match fault {
        Fault::Dial(error) | Fault::Credentials(error) if error.status() == Some(400) => {
            Fault::SessionUnknown(format!("the server does not know the session ({error})"))
        }
        Fault::Dial(error) | Fault::Credentials(error) => Fault::Io(error.to_string()),
        other => other,
    }
}

/// The address of a request of the session, or of the one that opens it.
fn url(environment: &Environment, auth: &RequestAuth, sid: Option<&str>) -> Url {
    environment.target.socket("polling", sid, &auth.query_after(&environment.query))
}

/// The request that waits for packets; without `sid`, the one that opens a session.
pub(super) fn get(environment: &Environment, http: &Http, auth: &RequestAuth, sid: Option<&str>) -> RequestBuilder {
    http.get(url(environment, auth, sid)).headers(auth.header_values().collect())
}

/// The request that sends packets.
pub(super) fn post(
    environment: &Environment,
    http: &Http,
    auth: &RequestAuth,
    sid: &str,
    body: String,
) -> RequestBuilder {
    http.post(url(environment, auth, Some(sid)))
        .headers(auth.header_values().collect())
        .header(CONTENT_TYPE, "text/plain;charset=UTF-8")
        .body(body)
}

/// Sends a request and reads the body of a good answer, up to the limit.
pub(super) async fn read(environment: &Environment, request: RequestBuilder) -> Result<String, Fault> {
    let failed = |error: reqwest::Error| Fault::Dial(environment.request_failed(Stage::Http, &error));
    let mut answer = request.send().await.map_err(failed)?;
    let status = answer.status();
    let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = read_body(&mut answer, MAX_FRAME).await.map_err(|error| match error {
        BodyError::Http(error) => failed(error),
        BodyError::TooLarge => Fault::Protocol(format!("the server's answer has more than {MAX_FRAME} bytes")),
    })?;
    if !status.is_success() {
        return Err(http_status::refused(status.as_u16(), after.as_deref(), &String::from_utf8_lossy(&body)));
    }
    String::from_utf8(body).map_err(|_| Fault::Protocol("the server's answer is not UTF-8".to_owned()))
}
