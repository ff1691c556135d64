//! Buffered output of lines to a file that may block. A separate thread writes the lines, so that the client and the
//! signal handling keep working.

use std::{
    io::{self, ErrorKind, Write},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::{mpsc, watch};

/// Maximum number of lines queued for the thread.
const MAX_QUEUED_LINES: usize = 256;

/// Sending half of the queue of lines.
#[derive(Clone)]
pub(crate) struct LineQueue {
    sender: mpsc::Sender<Option<String>>,
    is_closed: watch::Receiver<bool>,
    write_error: Arc<Mutex<Option<io::Error>>>,
}

impl LineQueue {
    /// Starts the writer thread, which does not keep the process alive.
    pub(crate) fn spawn_writer(mut file: impl Write + Send + 'static) -> Self {
        let (sender, mut queued_lines) = mpsc::channel::<Option<String>>(MAX_QUEUED_LINES);
        let (mark_closed, is_closed) = watch::channel(false);
        let write_error = Arc::new(Mutex::new(None));
        let failure = write_error.clone();
        thread::spawn(move || {
            while let Some(Some(line)) = queued_lines.blocking_recv() {
                if let Err(error) = writeln!(file, "{line}").and_then(|()| file.flush()) {
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    break;
                }
            }
            drop(queued_lines);
            let _ = mark_closed.send(true);
        });
        Self { sender, is_closed, write_error }
    }

    /// Queues a line, and waits if the queue is full. Returns `false` if the file can no longer be written to.
    pub(crate) async fn push(&self, line: String) -> bool {
        self.sender.send(Some(line)).await.is_ok()
    }

    /// Queues a line, or drops it if the queue is full or closed.
    pub(crate) fn try_push(&self, line: String) {
        let _ = self.sender.try_send(Some(line));
    }

    /// Accepts no further lines, and waits until all queued lines are written or writing fails.
    pub(crate) async fn close_and_flush(&self) {
        let _ = self.sender.send(None).await;
        self.wait_until_closed().await;
    }

    /// Waits until the writer thread has ended.
    pub(crate) async fn wait_until_closed(&self) {
        let _ = self.is_closed.clone().wait_for(|is_closed| *is_closed).await;
    }

    /// Takes the error of a failed write. A closed pipe does not count as an error.
    pub(crate) fn take_write_error(&self) -> Option<io::Error> {
        let failure = self.write_error.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.filter(|error| error.kind() != ErrorKind::BrokenPipe)
    }
}
