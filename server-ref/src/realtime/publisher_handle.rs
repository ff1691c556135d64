//! The channel on which joins tell the publisher which projects are followed here.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

const REQUEST_QUEUE: usize = 1024;

#[derive(Debug)]
pub(crate) enum PublisherRequest {
    /// Follows a project. Answered with true if the start of its sequence is known.
    Follow(Arc<str>, oneshot::Sender<bool>),
    /// Starts the sequence of the project after this id.
    Start(Arc<str>, i64, oneshot::Sender<()>),
}

/// A handle to the publisher.
///
/// A join first enters the room, then follows, then reads the newest id, and starts the sequence there, so no event falls
/// between replay and live delivery.
#[derive(Debug)]
pub(crate) struct PublisherHandle(mpsc::Sender<PublisherRequest>);

impl PublisherHandle {
    pub(crate) fn new() -> (Self, mpsc::Receiver<PublisherRequest>) {
        let (requests, queue) = mpsc::channel(REQUEST_QUEUE);
        (Self(requests), queue)
    }

    /// Returns true if the sequence has started; otherwise it must be [started](Self::start).
    pub(crate) async fn follow(&self, project_id: &str) -> bool {
        let (reply, answer) = oneshot::channel();
        let sent = self.0.send(PublisherRequest::Follow(project_id.into(), reply)).await.is_ok();
        // A publisher that has ended publishes nothing that could be missed.
        !sent || answer.await.unwrap_or(true)
    }

    pub(crate) async fn start(&self, project_id: &str, after: i64) {
        let (reply, answer) = oneshot::channel();
        if self.0.send(PublisherRequest::Start(project_id.into(), after, reply)).await.is_ok() {
            let _ = answer.await;
        }
    }
}
