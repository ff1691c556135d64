//! Events sent by the user.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::Client;
#[cfg(doc)]
use super::ClientBuilder;
use crate::{Error, ErrorKind, driver::Request};

impl Client {
    /// Sends an event. `null` is sent as no argument.
    ///
    /// # Errors
    /// `disconnected` if there is no connection: the event is not queued. `rate_limited`, with
    /// [`retry_in`](Error::retry_in), at the limit per minute or if the connection is congested. `invalid_argument` if
    /// the name is empty or reserved, or the data can't be serialized or exceeds the server's limit.
    ///
    /// # Cancel safety
    /// The event may have been sent if the future is dropped.
    pub async fn emit(&self, name: &str, data: impl Serialize) -> Result<(), Error> {
        let request = emission(name, data, None)?;
        self.shared.ask(request).await.map(|_| ())
    }

    /// Sends an event and waits for the server's acknowledgement, for at most the
    /// [`ack_timeout`](ClientBuilder::ack_timeout). Returns its argument: `null` if there is none, an array if there
    /// are several.
    ///
    /// # Errors
    /// The errors of [`emit`](Self::emit), and `ack_timeout`, or `disconnected` immediately if the connection is lost.
    ///
    /// # Cancel safety
    /// The event may have been sent if the future is dropped.
    pub async fn emit_with_ack(&self, name: &str, data: impl Serialize) -> Result<Value, Error> {
        let request = emission(name, data, Some(self.shared.ack_timeout))?;
        let answer = self.shared.ask(request).await?;
        let unreadable = |error| Error::new(ErrorKind::Protocol, format!("the acknowledgement is invalid: {error}"));
        serde_json::from_str(answer.as_deref().unwrap_or("null")).map_err(unreadable)
    }
}

fn emission(name: &str, data: impl Serialize, ack: Option<Duration>) -> Result<Request, Error> {
    if name.is_empty() {
        return Err(Error::invalid_argument("name: it must not be empty"));
    }
    if matches!(name, "connect" | "connect_error" | "disconnect" | "disconnecting") {
        return Err(Error::invalid_argument(format!("name: {name:?} is reserved by Socket.IO")));
    }
    let data = serde_json::to_string(&data).map_err(|error| Error::invalid_argument(format!("data: {error}")))?;
    Ok(Request::Emit { name: name.to_owned(), data: Some(data).filter(|data| data != "null"), ack })
}
