//! Credentials providers in languages whose functions Rust can't call. Such a provider polls for requests and answers
//! them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use crate::{ClientBuilder, Credentials, CredentialsReason, ProviderError};

type ProviderAnswer = Result<Credentials, ProviderError>;

/// Maximum number of requests in the queue. While the queue is full, connection attempts and REST calls that need
/// credentials fail with a retryable error.
const QUEUED_REQUESTS_MAX: usize = 8;

/// Request for the credentials of a connection attempt or a REST call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialRequest {
    /// Id to pass to [`CredentialQueue::answer`].
    pub id: u64,
    /// Reason for the request.
    pub reason: CredentialsReason,
}

/// Queue of credential requests, for a provider that polls for them.
#[derive(Debug)]
pub struct CredentialQueue {
    requests: AsyncMutex<mpsc::Receiver<CredentialRequest>>,
    reply_senders: Arc<Mutex<HashMap<u64, oneshot::Sender<ProviderAnswer>>>>,
}

impl CredentialQueue {
    /// Creates a queue and installs it as the credentials provider of a client.
    #[must_use]
    pub fn install(builder: ClientBuilder) -> (ClientBuilder, Arc<Self>) {
        let (sender, receiver) = mpsc::channel(QUEUED_REQUESTS_MAX);
        let reply_senders: Arc<Mutex<HashMap<u64, oneshot::Sender<ProviderAnswer>>>> = Arc::default();
        let pending = reply_senders.clone();
        let next_id = Arc::new(std::sync::atomic::AtomicU64::new(1));
        let builder = builder.credentials_provider(move |reason| {
            let id = next_id.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let (reply, answer) = oneshot::channel();
            pending.lock().unwrap_or_else(PoisonError::into_inner).insert(id, reply);
            let queued = sender.try_send(CredentialRequest { id, reason });
            let pending_request = ReplySenderGuard { id, reply_senders: pending.clone() };
            async move {
                let _removed_on_drop = pending_request;
                queued.map_err(|_| ProviderError::retry("the provider does not answer requests"))?;
                answer.await.map_err(|_| ProviderError::retry("the provider dropped the request"))?
            }
        });
        (builder, Arc::new(Self { requests: AsyncMutex::new(receiver), reply_senders }))
    }

    /// Waits for the next request. Returns `None` once the client has been dropped.
    ///
    /// # Cancel safety
    /// No request is lost if the future is dropped.
    pub async fn next(&self) -> Option<CredentialRequest> {
        self.requests.lock().await.recv().await
    }

    /// Answers a request. The answer is ignored if the connection attempt or REST call has ended.
    pub fn answer(&self, id: u64, answer: ProviderAnswer) {
        let reply = self.reply_senders.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(reply) = reply {
            let _ = reply.send(answer);
        }
    }
}

/// Guard of a pending request. It is dropped once the request has been answered or is no longer needed, and then removes
/// the request's reply sender.
struct ReplySenderGuard {
    id: u64,
    reply_senders: Arc<Mutex<HashMap<u64, oneshot::Sender<ProviderAnswer>>>>,
}

impl Drop for ReplySenderGuard {
    fn drop(&mut self) {
        self.reply_senders.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
