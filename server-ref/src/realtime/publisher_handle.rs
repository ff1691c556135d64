//! The channel by which joins ask the publisher to follow a project.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for the publisher; further joins wait.
const PUBLISHER_QUEUE_REQUESTS: usize = 1024;

/// A request of a join.
#[derive(Debug)]
pub(crate) enum PublisherRequest {
    /// Follows a project. The reply is `true` if the start of the project's sequence is known.
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
    /// A handle, and the requests that the publisher reads.
    pub(crate) fn new() -> (Self, mpsc::Receiver<PublisherRequest>) {
        let (requests, queue) = mpsc::channel(PUBLISHER_QUEUE_REQUESTS);
        (Self(requests), queue)
    }

    /// Follows a project. Returns `true` if the project's sequence has started; otherwise the caller must
    /// [start](Self::start) it.
    pub(crate) async fn follow(&self, project_id: &str) -> bool {
        let (reply, answer) = oneshot::channel();
        let sent = self.0.send(PublisherRequest::Follow(project_id.into(), reply)).await.is_ok();
        // After the end of the publisher there are no events to miss.
        !sent || answer.await.unwrap_or(true)
    }

    /// Starts the sequence of a followed project after this id, unless it has started.
    pub(crate) async fn start(&self, project_id: &str, after: i64) {
        let (reply, answer) = oneshot::channel();
        if self.0.send(PublisherRequest::Start(project_id.into(), after, reply)).await.is_ok() {
            let _ = answer.await;
        }
    }
}
