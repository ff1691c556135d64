//! Events that the application sends to the server.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::Client;
#[cfg(doc)]
use super::ClientBuilder;
use crate::{Error, ErrorKind, driver::RequestFromHandle};

impl Client {
    /// Sends an event to the server. If `data` serializes to `null`, the event is sent without an argument.
    ///
    /// # Errors
    /// - `disconnected` if there is no connection; the event is not queued
    /// - `rate_limited`, with [`retry_in`](Error::retry_in), if four fifths of the
    ///   [`rate_limit`](ClientBuilder::rate_limit) are used up, or if the connection is congested
    /// - `invalid_argument` if the name is empty or reserved, `data` can't be serialized, or the event exceeds the
    ///   server's size limit
    /// - `closed` if the client is closed
    ///
    /// # Cancel safety
    /// If the future is dropped, the event may still be sent.
    pub async fn emit(&self, name: &str, data: impl Serialize) -> Result<(), Error> {
        let request = emit_request(name, data, None)?;
        self.shared.send_request(request).await.map(|_| ())
    }

    /// Sends an event to the server and waits for the acknowledgement, for at most the
    /// [`ack_timeout`](ClientBuilder::ack_timeout). Returns the acknowledgement's argument: `null` if there is none, or
    /// an array if there are several.
    ///
    /// # Errors
    /// Returns the same errors as [`emit`](Self::emit), and:
    /// - `ack_timeout` if no acknowledgement arrives in time
    /// - `disconnected`, immediately, if the connection is lost
    /// - `protocol` if the acknowledgement is invalid
    ///
    /// # Cancel safety
    /// If the future is dropped, the event may still be sent.
    pub async fn emit_with_ack(&self, name: &str, data: impl Serialize) -> Result<Value, Error> {
        let request = emit_request(name, data, Some(self.shared.ack_timeout))?;
        let answer = self.shared.send_request(request).await?;
        let unreadable = |error| Error::new(ErrorKind::Protocol, format!("the acknowledgement is invalid: {error}"));
        serde_json::from_str(answer.as_deref().unwrap_or("null")).map_err(unreadable)
    }
}

fn emit_request(name: &str, data: impl Serialize, ack_timeout: Option<Duration>) -> Result<RequestFromHandle, Error> {
    if name.is_empty() {
        return Err(Error::invalid_argument("name: it must not be empty"));
    }
    if matches!(name, "connect" | "connect_error" | "disconnect" | "disconnecting") {
        return Err(Error::invalid_argument(format!("name: {name:?} is reserved by Socket.IO")));
    }
    let data = serde_json::to_string(&data).map_err(|error| Error::invalid_argument(format!("data: {error}")))?;
    Ok(RequestFromHandle::Emit { name: name.to_owned(), data: Some(data).filter(|data| data != "null"), ack_timeout })
}
