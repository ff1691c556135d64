//! Forwards the SDK's log messages to Python's `logging`.
//!
//! Messages are queued for a Python thread, so that the SDK's threads never wait for the GIL. This module must not
//! block: in a forked child, a lock may be held forever by a thread that no longer exists.

use std::sync::{
    Arc, Once, RwLock,
    atomic::{AtomicU64, Ordering},
};

use automoderate::facade::{self, LogLevel, LogRecord};
use pyo3::{IntoPyObjectExt, prelude::*};

use crate::completions::{CompletionQueue, CompletionSender};

static LOG_SENDER: RwLock<Option<Arc<CompletionSender>>> = RwLock::new(None);
static DROPPED_RECORDS: AtomicU64 = AtomicU64::new(0);

/// Maximum number of queued messages. Further messages are dropped and counted.
const MAX_QUEUED_RECORDS: usize = 1000;

/// Starts sending log messages to the queue. Each message becomes a completion whose result is `(topic, message)` and
/// whose id is the message's `logging` level. In a forked child, the new queue replaces the parent's queue.
#[pyfunction]
pub(crate) fn _forward_logs(queue: &Bound<'_, CompletionQueue>) {
    static START_FORWARDING: Once = Once::new();
    for _ in 0..100 {
        if let Ok(mut log_sender) = LOG_SENDER.try_write() {
            *log_sender = Some(queue.get().sender().clone());
            break;
        }
        std::thread::yield_now();
    }
    START_FORWARDING.call_once(|| {
        facade::forward_logs(enqueue);
    });
}

fn enqueue(record: LogRecord) {
    let Ok(log_sender) = LOG_SENDER.try_read() else {
        DROPPED_RECORDS.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let Some(sender) = &*log_sender else { return };
    let LogRecord { level, topic, message, .. } = record;
    let try_enqueue = |level, topic: String, message: String| {
        sender.try_send(MAX_QUEUED_RECORDS, python_level(level), Box::new(move |py| (topic, message).into_py_any(py)))
    };
    if !try_enqueue(level, topic, message) {
        DROPPED_RECORDS.fetch_add(1, Ordering::Relaxed);
        return;
    }
    let dropped = DROPPED_RECORDS.swap(0, Ordering::Relaxed);
    if dropped > 0 && !try_enqueue(LogLevel::Warning, "driver".into(), format!("{dropped} log messages were dropped")) {
        DROPPED_RECORDS.fetch_add(dropped, Ordering::Relaxed);
    }
}

/// Converts a level to its number in `logging`.
fn python_level(level: LogLevel) -> u64 {
    match level {
        LogLevel::Debug => 10,
        LogLevel::Info => 20,
        LogLevel::Warning => 30,
        LogLevel::Error => 40,
    }
}
