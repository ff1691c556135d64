//! Event streams. Waiting for events and taking events are separate operations. A wait only prepares a batch, which
//! stays in the stream until JavaScript takes it, so an abandoned wait loses no events.
//!
//! While JavaScript reads one batch, an SDK thread serializes the next one.

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

use crate::{completions::CompletionQueue, encoded_batch::EncodedBatch, errors::to_exception};

/// Maximum number of events in a batch. Parsing a full batch takes Node's thread about a millisecond.
const MAX_BATCH_EVENTS: usize = 512;
/// Total size of the payloads, in bytes, at which a batch counts as full.
const MAX_BATCH_BYTES: usize = 512 * 1024;
/// Maximum number of events taken from the stream each time the stream is locked.
const EVENTS_PER_LOCK: usize = 64;

/// Wrapper around the facade's event stream, for `lib/stream.ts`.
#[napi]
pub struct Stream(Arc<SharedStream>);

struct SharedStream {
    stream: FacadeStream,
    /// Serialized events that JavaScript has not taken yet.
    batch: Mutex<Option<EncodedBatch>>,
}

/// Losses that a stream of one kind of event counts instead of yielding `gap` and `lagged` events.
#[napi(object, object_from_js = false)]
pub struct Losses {
    /// Number of events dropped because the reader was too slow.
    pub lagged: i64,
    /// Number of `gap` events that the stream did not yield.
    pub gaps: i64,
}

impl SharedStream {
    fn lock_batch(&self) -> MutexGuard<'_, Option<EncodedBatch>> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prepares a batch once events are ready. Returns `false` at the end of the stream.
    fn poll_prepare_batch(&self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        let mut batch = self.lock_batch();
        while batch.is_none() {
            if !ready!(pin!(self.stream.readable()).poll(cx))? {
                return Poll::Ready(Ok(false));
            }
            *batch = self.serialize_ready();
        }
        Poll::Ready(Ok(true))
    }

    /// Serializes the events that are ready. Returns `None` if no events are ready.
    fn serialize_ready(&self) -> Option<EncodedBatch> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        while events.len() < MAX_BATCH_EVENTS && bytes < MAX_BATCH_BYTES {
            let taken = self.stream.take_ahead(EVENTS_PER_LOCK);
            if taken.is_empty() {
                break;
            }
            bytes +=
                taken.iter().filter_map(|event| event.meta().payload()).map(|text| text.as_str().len()).sum::<usize>();
            events.extend(taken);
        }
        (!events.is_empty()).then(|| EncodedBatch::from_events(&events))
    }
}

impl Stream {
    pub(crate) fn new(stream: FacadeStream) -> Self {
        Self(Arc::new(SharedStream { stream, batch: Mutex::default() }))
    }
}

#[napi]
impl Stream {
    /// Takes the batch that `readable` has prepared, and returns it as a JSON array. If no batch is prepared, returns
    /// `null` or, with `serialize_now`, serializes the events that are ready. Also marks the next `delivered` events of
    /// earlier batches as delivered.
    #[napi(catch_unwind)]
    pub fn take_batch<'env>(
        &self,
        env: &'env Env,
        delivered: u32,
        serialize_now: bool,
    ) -> napi::Result<Option<JsString<'env>>> {
        self.mark_delivered(delivered);
        let batch = if serialize_now {
            let mut batch = self.0.lock_batch();
            batch.take().or_else(|| self.0.serialize_ready())
        } else {
            // If another thread holds the lock, that thread is polling the stream. `readable` completes once a batch is
            // prepared.
            self.0.batch.try_lock().ok().and_then(|mut batch| batch.take())
        };
        batch.map(|batch| batch.into_string(env)).transpose()
    }

    /// Marks the next `count` events of earlier batches as delivered, after JavaScript has returned them to readers.
    #[napi(catch_unwind)]
    pub fn mark_delivered(&self, count: u32) {
        self.0.stream.mark_delivered(count as usize);
    }

    /// Completes with `true` when events are ready, with `false` at the end of the stream, or with the error that ended
    /// the stream.
    #[napi(catch_unwind)]
    pub fn readable(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        // A weak reference lets the stream be garbage-collected. Collecting the stream ends the wait.
        let shared = Arc::downgrade(&self.0);
        let wait = poll_fn(move |cx| match shared.upgrade() {
            Some(shared) => shared.poll_prepare_batch(cx),
            None => Poll::Ready(Ok(false)),
        });
        queue.run(id, async move { wait.await.map(Value::from) })
    }

    /// Ends this stream, and returns a stream that yields at most one event every `milliseconds` milliseconds.
    #[napi(catch_unwind)]
    pub fn throttle(&self, milliseconds: f64) -> napi::Result<Self> {
        let mut batch = self.0.lock_batch();
        let stream = self.0.stream.throttle(milliseconds / 1e3).map_err(|error| to_exception(&error))?;
        Ok(Self(Arc::new(SharedStream { stream, batch: Mutex::new(batch.take()) })))
    }

    /// Returns the losses that a stream of one kind of event counts instead of yielding `gap` and `lagged` events.
    #[napi(getter, catch_unwind)]
    pub fn losses(&self) -> Losses {
        let losses = self.0.stream.losses();
        Losses { lagged: losses.lagged.cast_signed(), gaps: losses.gaps.cast_signed() }
    }

    /// Ends the stream for all readers.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.0.stream.cancel();
        self.0.lock_batch().take();
    }
}
