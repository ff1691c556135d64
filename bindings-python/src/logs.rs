//! The SDK's log messages for Python's `logging`.
//!
//! They wait in a port for a Python thread, so that no thread of the SDK ever waits for the GIL. Nothing here blocks:
//! in a forked child a thread that no longer exists may hold a lock forever.

use std::sync::{
    Arc, Once, RwLock,
    atomic::{AtomicU64, Ordering},
};

use automoderate::facade::{self, LogLevel, LogRecord};
use pyo3::{IntoPyObjectExt, prelude::*};

use crate::port::{Inbox, Port};

static EAR: RwLock<Option<Arc<Inbox>>> = RwLock::new(None);
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// The maximum number of waiting messages; further ones are only counted.
const HELD: usize = 1000;

/// Sends the SDK's log messages to the port from now on, under the number of their level in `logging`, as (topic,
/// message). A forked child's port replaces its parent's.
#[pyfunction]
pub(crate) fn _listen_to_logs(port: &Bound<'_, Port>) {
    static FORWARDED: Once = Once::new();
    for _ in 0..100 {
        if let Ok(mut ear) = EAR.try_write() {
            *ear = Some(port.get().inbox().clone());
            break;
        }
        std::thread::yield_now();
    }
    FORWARDED.call_once(|| {
        facade::forward_logs(hear);
    });
}

fn hear(record: LogRecord) {
    let Ok(ear) = EAR.try_read() else {
        DROPPED.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let Some(inbox) = &*ear else { return };
    let LogRecord { level, topic, message, .. } = record;
    let offer = |level, topic: String, message: String| {
        inbox.offer(HELD, number(level), Box::new(move |py| (topic, message).into_py_any(py)))
    };
    if !offer(level, topic, message) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
        return;
    }
    let dropped = DROPPED.swap(0, Ordering::Relaxed);
    if dropped > 0 && !offer(LogLevel::Warning, "driver".into(), format!("{dropped} messages were left out")) {
        DROPPED.fetch_add(dropped, Ordering::Relaxed);
    }
}

/// As `logging` counts.
fn number(level: LogLevel) -> u64 {
    match level {
        LogLevel::Debug => 10,
        LogLevel::Info => 20,
        LogLevel::Warning => 30,
        LogLevel::Error => 40,
    }
}
