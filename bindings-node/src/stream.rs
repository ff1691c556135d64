//! Streams of events: taking doesn't wait, and waiting doesn't take.
//!
//! While JavaScript reads a batch, the next one is written here. A wait carries no event, so an abandoned one loses
//! none.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use automoderate::{Error, facade::FacadeStream};
use napi::{Env, JsString};
use napi_derive::napi;
use serde_json::Value;

use crate::{chunk::Chunk, errors::raise, port::Port};

/// The number of events parsed at once, about a millisecond's work for Node's thread; fewer if they are large.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 512 * 1024;
/// The number of events taken with one lock.
const STEP: usize = 64;

/// A stream of events.
#[napi]
pub struct Stream(Arc<Shared>);

struct Shared {
    stream: FacadeStream,
    /// Events taken from the stream that wait for JavaScript to take them.
    chunk: Mutex<Option<Chunk>>,
}

/// Losses that a stream of one kind can't show.
#[napi(object, object_from_js = false)]
pub struct Losses {
    /// Events dropped because the reader was too slow.
    pub lagged: i64,
    /// Gaps reported by the session.
    pub gaps: i64,
}

impl Shared {
    fn chunk(&self) -> MutexGuard<'_, Option<Chunk>> {
        self.chunk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prepares a chunk: true; or false at the end.
    fn poll_chunk(&self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        let mut chunk = self.chunk();
        while chunk.is_none() {
            if !ready!(pin!(self.stream.readable()).poll(cx))? {
                return Poll::Ready(Ok(false));
            }
            *chunk = self.write();
        }
        Poll::Ready(Ok(true))
    }

    /// Writes the ready events; `None` if there are none.
    fn write(&self) -> Option<Chunk> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        while events.len() < BATCH && bytes < BATCH_BYTES {
            let more = self.stream.take_ahead(STEP);
            if more.is_empty() {
                break;
            }
            bytes +=
                more.iter().filter_map(|event| event.meta().payload()).map(|text| text.as_str().len()).sum::<usize>();
            events.extend(more);
        }
        (!events.is_empty()).then(|| Chunk::of(&events))
    }
}

impl Stream {
    pub(crate) fn new(stream: FacadeStream) -> Self {
        Self(Arc::new(Shared { stream, chunk: Mutex::default() }))
    }
}

#[napi]
impl Stream {
    /// The events that `readable` prepared, as a JSON array, or `null`; with `now` also ready events that were not
    /// prepared. The first `handed` uncommitted events of earlier batches have been returned to readers.
    #[napi(catch_unwind)]
    pub fn take<'env>(&self, env: &'env Env, handed: u32, now: bool) -> napi::Result<Option<JsString<'env>>> {
        self.handed(handed);
        let chunk = if now {
            let mut chunk = self.0.chunk();
            chunk.take().or_else(|| self.0.write())
        } else {
            // If it is being written right now, `_` will report it.
            self.0.chunk.try_lock().ok().and_then(|mut chunk| chunk.take())
        };
        chunk.map(|chunk| chunk.into_string(env)).transpose()
    }

    /// The first `count` uncommitted events of earlier batches have been returned to readers: they count as delivered.
    #[napi(catch_unwind)]
    pub fn handed(&self, count: u32) {
        self.0.stream.handed(count as usize);
    }

    /// Sends `true` to the port when events are ready, `false` at the end, or the error that ended the stream.
    #[napi(catch_unwind)]
    pub fn readable(&self, port: &Port, id: i64) -> napi::Result<()> {
        // The wait does not keep the stream alive: a collected stream ends it.
        let shared = Arc::downgrade(&self.0);
        let wait = poll_fn(move |cx| match shared.upgrade() {
            Some(shared) => shared.poll_chunk(cx),
            None => Poll::Ready(Ok(false)),
        });
        port.run(id, async move { wait.await.map(Value::from) })
    }

    /// At most one event per this many milliseconds. This stream ends.
    #[napi(catch_unwind)]
    pub fn throttle(&self, milliseconds: f64) -> napi::Result<Self> {
        let mut chunk = self.0.chunk();
        let stream = self.0.stream.throttle(milliseconds / 1e3).map_err(|error| raise(&error))?;
        Ok(Self(Arc::new(Shared { stream, chunk: Mutex::new(chunk.take()) })))
    }

    /// Losses that a stream of one kind can't show.
    #[napi(getter, catch_unwind)]
    pub fn losses(&self) -> Losses {
        let losses = self.0.stream.losses();
        Losses { lagged: losses.lagged.cast_signed(), gaps: losses.gaps.cast_signed() }
    }

    /// Ends the stream for its readers.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.0.stream.cancel();
        self.0.chunk().take();
    }
}
