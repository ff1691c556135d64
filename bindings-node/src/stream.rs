//! Streams of events: taken without waiting, and waited for without taking.
//!
//! While JavaScript reads a batch, the next one is written here. A wait carries no event, so that one that nobody heeds
//! any more loses none.

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

/// So many events are parsed at once, about a millisecond's work for Node's thread; fewer if they are large.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 512 * 1024;
/// So many are taken with one lock.
const STEP: usize = 64;

/// A stream of events.
#[napi]
pub struct Stream(Arc<Shared>);

struct Shared {
    stream: FacadeStream,
    /// What was taken from the stream, and waits to be taken by JavaScript.
    chunk: Mutex<Option<Chunk>>,
}

/// What a stream of one kind had to leave out.
#[napi(object, object_from_js = false)]
pub struct Losses {
    /// Events dropped because the reader was too slow.
    pub lagged: i64,
    /// Gaps told by the session.
    pub gaps: i64,
}

impl Shared {
    fn chunk(&self) -> MutexGuard<'_, Option<Chunk>> {
        self.chunk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gets a chunk ready: true; or false at the end.
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

    /// Writes what is there; `None` if there is nothing.
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
    /// What `readable` has got ready, as a JSON array, or `null`; with `now` also what is there but was not got ready.
    /// The first `handed` events of what was taken before, and not told yet, have been handed out.
    #[napi(catch_unwind)]
    pub fn take<'env>(&self, env: &'env Env, handed: u32, now: bool) -> napi::Result<Option<JsString<'env>>> {
        self.handed(handed);
        let chunk = if now {
            let mut chunk = self.0.chunk();
            chunk.take().or_else(|| self.0.write())
        } else {
            // If it is being written just now, that will be told.
            self.0.chunk.try_lock().ok().and_then(|mut chunk| chunk.take())
        };
        chunk.map(|chunk| chunk.into_string(env)).transpose()
    }

    /// The first `count` events of those that were taken, and not told here yet, have been handed out: they count as
    /// delivered.
    #[napi(catch_unwind)]
    pub fn handed(&self, count: u32) {
        self.0.stream.handed(count as usize);
    }

    /// Tells the port `true` when there is something to take, `false` at the end, or the error for which it ends.
    #[napi(catch_unwind)]
    pub fn readable(&self, port: &Port, id: i64) -> napi::Result<()> {
        // The wait does not keep the stream: a stream that is forgotten ends it.
        let shared = Arc::downgrade(&self.0);
        let wait = poll_fn(move |cx| match shared.upgrade() {
            Some(shared) => shared.poll_chunk(cx),
            None => Poll::Ready(Ok(false)),
        });
        port.run(id, async move { wait.await.map(Value::from) })
    }

    /// At most one event per so many milliseconds. This stream ends.
    #[napi(catch_unwind)]
    pub fn throttle(&self, milliseconds: f64) -> napi::Result<Self> {
        let mut chunk = self.0.chunk();
        let stream = self.0.stream.throttle(milliseconds / 1e3).map_err(|error| raise(&error))?;
        Ok(Self(Arc::new(Shared { stream, chunk: Mutex::new(chunk.take()) })))
    }

    /// What a stream of one kind had to leave out.
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
