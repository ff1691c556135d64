//! The channel on which joins tell the publisher which projects are followed here.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

const QUEUE: usize = 1024;

#[derive(Debug)]
pub(crate) enum Ask {
    /// Answered with true if the start of the project's line is known.
    Follow(Arc<str>, oneshot::Sender<bool>),
    /// The project's line begins after this id.
    Start(Arc<str>, i64, oneshot::Sender<()>),
}

/// A handle to the publisher.
///
/// A join first enters the room, then follows, then reads the newest id, and starts the line there, so no event falls
/// between replay and live delivery.
#[derive(Debug)]
pub(crate) struct Feed(mpsc::Sender<Ask>);

impl Feed {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Ask>) {
        let (asks, queue) = mpsc::channel(QUEUE);
        (Self(asks), queue)
    }

    /// Returns whether the line has begun: else it must be [started](Self::start).
    pub(crate) async fn follow(&self, project_id: &str) -> bool {
        let (reply, answer) = oneshot::channel();
        let asked = self.0.send(Ask::Follow(project_id.into(), reply)).await.is_ok();
        // A publisher that has ended publishes nothing that could be missed.
        !asked || answer.await.unwrap_or(true)
    }

    pub(crate) async fn start(&self, project_id: &str, after: i64) {
        let (reply, answer) = oneshot::channel();
        if self.0.send(Ask::Start(project_id.into(), after, reply)).await.is_ok() {
            let _ = answer.await;
        }
    }
}
