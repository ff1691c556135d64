//! State shared by all handles of a client, and the handles' requests to the client's task.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{
    Notify,
    mpsc::{self, error::SendError},
    oneshot, watch,
};

use crate::{
    Error, ErrorKind, Metrics,
    delivery::{CursorRegistry, Hub, StateFeed},
    driver::{AnswerToHandle, ClientTask, EndpointPool, RequestFromHandle},
};

pub(crate) struct ClientShared {
    pub(super) requests: mpsc::Sender<(RequestFromHandle, oneshot::Sender<AnswerToHandle>)>,
    pub(super) unstarted_task: Mutex<Option<ClientTask>>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) cursors: Arc<CursorRegistry>,
    pub(super) states: Arc<StateFeed>,
    pub(super) metrics: watch::Receiver<Metrics>,
    pub(super) network_changed: Arc<Notify>,
    pub(super) endpoints: Arc<EndpointPool>,
    #[cfg(feature = "rest")]
    pub(super) api: Arc<crate::rest::Api>,
    pub(super) ack_timeout: Duration,
}

impl std::fmt::Debug for ClientShared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("servers", &self.endpoints)
            .field("state", &self.states.latest().as_str())
            .finish_non_exhaustive()
    }
}

impl ClientShared {
    /// Sends a request to the client's task and waits for the answer. Fails with `disconnected` if `connect` has not
    /// been called yet.
    pub(super) async fn send_request(&self, request: RequestFromHandle) -> AnswerToHandle {
        if self.unstarted_task.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            let error = Error::new(ErrorKind::Disconnected, "the client is not connected yet: call connect first");
            request.fail(&error);
            return Err(error);
        }
        let (reply, answer) = oneshot::channel();
        if let Err(SendError((request, _))) = self.requests.send((request, reply)).await {
            request.fail(&Error::closed());
            return Err(Error::closed());
        }
        // The task drops a request without answering it only if the runtime is shut down or the task has panicked.
        answer.await.map_err(|_| Error::closed())?
    }
}
