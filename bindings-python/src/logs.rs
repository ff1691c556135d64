//! The SDK's messages for Python's `logging`.
//!
//! They wait in a port for a thread of Python's, so that no thread of the SDK ever waits for Python's lock. Nothing here
//! blocks either: in a forked child a lock may be held for ever by a thread that is not there any more.

use std::sync::{
    Arc, Once, RwLock,
    atomic::{AtomicU64, Ordering},
};

use automoderate::facade::{self, LogLevel, LogRecord};
use pyo3::{IntoPyObjectExt, prelude::*};

use crate::port::{Inbox, Port};

static EAR: RwLock<Option<Arc<Inbox>>> = RwLock::new(None);
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// So many messages may wait; further ones are counted.
const HELD: usize = 1000;

/// Has the port told what the SDK says about itself from now on, under the number of the level in `logging`, as
/// (topic, message). The port of a forked child takes the place of its parent's.
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
