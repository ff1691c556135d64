//! Lines for a file that may take them slowly, or not at all: who waits for it is a thread, so that the client goes on and
//! signals are heard.

use std::{
    io::{self, ErrorKind, Write},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::{mpsc, watch};

/// Lines that may wait for the thread.
const WAITING: usize = 256;

/// Where lines are put in.
#[derive(Clone)]
pub(crate) struct Lines {
    lines: mpsc::Sender<Option<String>>,
    written: watch::Receiver<bool>,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Lines {
    /// Starts the thread. It does not keep the process from ending.
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

    /// Leaves the line out if there is no room.
    pub(crate) fn offer(&self, line: String) {
        let _ = self.lines.try_send(Some(line));
    }

    /// Waits until everything is written, or can't be. Nothing is taken any more.
    pub(crate) async fn end(&self) {
        let _ = self.lines.send(None).await;
        self.ended().await;
    }

    /// Waits until nothing is taken any more.
    pub(crate) async fn ended(&self) {
        let _ = self.written.clone().wait_for(|written| *written).await;
    }

    /// Why something was not written. That the reader has gone is no failure.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        let failure = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.filter(|error| error.kind() != ErrorKind::BrokenPipe)
    }
}
