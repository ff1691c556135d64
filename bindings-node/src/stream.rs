//! Streams of events: taken without waiting, and waited for without taking.
//!
//! A wait carries no event, so that one that nobody heeds any more loses none.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll};

use automoderate::{
    Event,
    facade::{self, FacadeStream},
};
use napi::{Env, JsString};
use napi_derive::napi;
use serde_json::Value;

use crate::{errors::raise, port::Port};

/// A stream of events.
#[napi]
pub struct Stream(Arc<FacadeStream>);

/// What a stream of one kind had to leave out.
#[napi(object, object_from_js = false)]
pub struct Losses {
    /// Events dropped because the reader was too slow.
    pub lagged: i64,
    /// Gaps told by the session.
    pub gaps: i64,
}

/// Documented names are as documented; those of the SDK's own are spelled as Node spells names.
fn name(event: &Event) -> &'static str {
    match event {
        Event::ServerError(_) => "serverError",
        Event::UnknownEvent(_) => "unknownEvent",
        Event::MalformedEvent(_) => "malformedEvent",
        _ => event.name(),
    }
}

impl Stream {
    pub(crate) fn new(stream: FacadeStream) -> Self {
        Self(Arc::new(stream))
    }
}

#[napi]
impl Stream {
    /// What is there now, up to `max` events, as a JSON array; `null` if there is nothing. What is taken counts as
    /// delivered when `handed` says so, or when more is taken.
    #[napi(catch_unwind)]
    pub fn take<'env>(&self, env: &'env Env, max: u32) -> napi::Result<Option<JsString<'env>>> {
        let events = self.0.take_ahead(max as usize);
        if events.is_empty() {
            return Ok(None);
        }
        let text = facade::events_to_json(&events, name);
        // Text that is ASCII alone needs no decoding.
        let string = if text.is_ascii() { env.create_string_latin1(&text) } else { env.create_string(&text) };
        string.map(Some)
    }

    /// The first `count` events of those that were taken, and not told here yet, have been handed out.
    #[napi(catch_unwind)]
    pub fn handed(&self, count: u32) {
        self.0.handed(count as usize);
    }

    /// Tells the port `true` when there is something to take, `false` at the end, or the error for which it ends.
    #[napi(catch_unwind)]
    pub fn readable(&self, port: &Port, id: i64) -> napi::Result<()> {
        // The wait does not keep the stream: a stream that is forgotten ends it.
        let stream = Arc::downgrade(&self.0);
        let wait = poll_fn(move |cx| match stream.upgrade() {
            Some(stream) => pin!(stream.readable()).poll(cx),
            None => Poll::Ready(Ok(false)),
        });
        port.run(id, async move { wait.await.map(Value::from) })
    }

    /// At most one event per so many milliseconds. This stream ends.
    #[napi(catch_unwind)]
    pub fn throttle(&self, milliseconds: f64) -> napi::Result<Self> {
        self.0.throttle(milliseconds / 1e3).map(Self::new).map_err(|error| raise(&error))
    }

    /// What a stream of one kind had to leave out.
    #[napi(getter, catch_unwind)]
    pub fn losses(&self) -> Losses {
        let losses = self.0.losses();
        Losses { lagged: losses.lagged.cast_signed(), gaps: losses.gaps.cast_signed() }
    }

    /// Ends the stream for its readers.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.0.cancel();
    }
}
