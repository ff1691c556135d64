//! Lines for a file that may accept them slowly, or not at all. A thread waits for it, so that the client and signals
//! keep working.

use std::{
    io::{self, ErrorKind, Write},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::{mpsc, watch};

/// The lines that may wait for the thread.
const WAITING: usize = 256;

/// The sending half of the queue of lines.
#[derive(Clone)]
pub(crate) struct Lines {
    lines: mpsc::Sender<Option<String>>,
    written: watch::Receiver<bool>,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Lines {
    /// Starts the thread, which does not keep the process alive.
    pub(crate) fn to(mut file: impl Write + Send + 'static) -> Self {
        let (lines, mut waiting) = mpsc::channel::<Option<String>>(WAITING);
        let (done, written) = watch::channel(false);
        let failed = Arc::new(Mutex::new(None));
        let failure = failed.clone();
        thread::spawn(move || {
            while let Some(Some(line)) = waiting.blocking_recv() {
                if let Err(error) = writeln!(file, "{line}").and_then(|()| file.flush()) {
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    break;
                }
            }
            drop(waiting);
            let _ = done.send(true);
        });
        Self { lines, written, failed }
    }

    /// Waits for room. False if nothing can be written any more.
    pub(crate) async fn push(&self, line: String) -> bool {
        self.lines.send(Some(line)).await.is_ok()
    }

    /// Drops the line if there is no room.
    pub(crate) fn offer(&self, line: String) {
        let _ = self.lines.try_send(Some(line));
    }

    /// Waits until everything is written, or can't be. Accepts nothing more.
    pub(crate) async fn end(&self) {
        let _ = self.lines.send(None).await;
        self.ended().await;
    }

    /// Waits until the writer accepts nothing more.
    pub(crate) async fn ended(&self) {
        let _ = self.written.clone().wait_for(|written| *written).await;
    }

    /// The reason for a failed write. A reader that has gone is not a failure.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        let failure = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.filter(|error| error.kind() != ErrorKind::BrokenPipe)
    }
}
