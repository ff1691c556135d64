//! The channel for requests to the publisher: to follow a project, to start its sequence, or to stop following all
//! projects.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

/// Maximum number of queued requests. While the queue is full, further joins wait.
const QUEUED_PUBLISHER_REQUESTS_MAX: usize = 1024;

/// A request to the publisher, from a join or after the log's id has changed.
#[derive(Debug)]
pub(crate) enum PublisherRequest {
    /// Follow a project. The reply is true if the project's sequence has started.
    Follow(Arc<str>, oneshot::Sender<bool>),
    /// Start the project's sequence after this event id.
    StartSequence(Arc<str>, i64, oneshot::Sender<()>),
    /// Stop following all projects, because the log may reuse the ids of events that were already published.
    StopFollowingAll(oneshot::Sender<()>),
}

/// A handle to the publisher.
///
/// A join first enters the room and follows the project. It then reads the newest event id and starts the sequence after this id. This
/// order ensures that no event is lost between replay and live delivery.
#[derive(Debug)]
pub(crate) struct PublisherHandle(mpsc::Sender<PublisherRequest>);

impl PublisherHandle {
    /// Creates a handle and the channel from which the publisher receives its requests.
    pub(crate) fn new() -> (Self, mpsc::Receiver<PublisherRequest>) {
        let (requests, queue) = mpsc::channel(QUEUED_PUBLISHER_REQUESTS_MAX);
        (Self(requests), queue)
    }

    /// Follows a project. Returns true if the project's sequence has started; otherwise the caller must [start](Self::start_sequence) it.
    pub(crate) async fn follow(&self, project_id: &str) -> bool {
        let (reply, answer) = oneshot::channel();
        let sent = self.0.send(PublisherRequest::Follow(project_id.into(), reply)).await.is_ok();
        // If the publisher has ended, it publishes no more events, so none can be missed.
        !sent || answer.await.unwrap_or(true)
    }

    /// Stops following all projects. A later join follows its project again.
    pub(crate) async fn stop_following_all(&self) {
        let (reply, answer) = oneshot::channel();
        if self.0.send(PublisherRequest::StopFollowingAll(reply)).await.is_ok() {
            let _ = answer.await;
        }
    }

    /// Starts the sequence of a followed project after this event id, unless it has already started.
    pub(crate) async fn start_sequence(&self, project_id: &str, after: i64) {
        let (reply, answer) = oneshot::channel();
        if self.0.send(PublisherRequest::StartSequence(project_id.into(), after, reply)).await.is_ok() {
            let _ = answer.await;
        }
    }
}
