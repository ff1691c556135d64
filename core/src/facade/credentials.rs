//! Credentials providers for languages that can't be called back: they poll requests and answer them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use crate::{ClientBuilder, Credentials, CredentialsReason, ProviderError};

type ProviderAnswer = Result<Credentials, ProviderError>;

/// Number of unanswered requests; further attempts fail and are retried.
const CREDENTIAL_REQUESTS_MAX: usize = 8;

/// Request for credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialRequest {
    /// Id to return with the answer.
    pub id: u64,
    /// Reason for the request.
    pub reason: CredentialsReason,
}

/// Queue of requests, for providers that poll.
#[derive(Debug)]
pub struct CredentialQueue {
    requests: AsyncMutex<mpsc::Receiver<CredentialRequest>>,
    answers: Arc<Mutex<HashMap<u64, oneshot::Sender<ProviderAnswer>>>>,
}

impl CredentialQueue {
    /// Installs the queue as the provider of a client.
    #[must_use]
    pub fn install(builder: ClientBuilder) -> (ClientBuilder, Arc<Self>) {
        let (sender, receiver) = mpsc::channel(CREDENTIAL_REQUESTS_MAX);
        let answers: Arc<Mutex<HashMap<u64, oneshot::Sender<ProviderAnswer>>>> = Arc::default();
        let pending = answers.clone();
        let ids = Arc::new(std::sync::atomic::AtomicU64::new(1));
        let builder = builder.credentials_provider(move |reason| {
            let id = ids.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let (reply, answer) = oneshot::channel();
            pending.lock().unwrap_or_else(PoisonError::into_inner).insert(id, reply);
            let asked = sender.try_send(CredentialRequest { id, reason });
            let forget = PendingRequest { id, pending: pending.clone() };
            async move {
                let _forget = forget;
                asked.map_err(|_| ProviderError::retry("the provider does not answer requests"))?;
                answer.await.map_err(|_| ProviderError::retry("the provider dropped the request"))?
            }
        });
        (builder, Arc::new(Self { requests: AsyncMutex::new(receiver), answers }))
    }

    /// Returns the next request; `None` when the client is gone.
    ///
    /// # Cancel safety
    /// No request is lost if the future is dropped.
    pub async fn next(&self) -> Option<CredentialRequest> {
        self.requests.lock().await.recv().await
    }

    /// Answers a request. A late answer is ignored.
    pub fn answer(&self, id: u64, answer: ProviderAnswer) {
        let reply = self.answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(reply) = reply {
            let _ = reply.send(answer);
        }
    }
}

/// Removes a cancelled request from the table.
struct PendingRequest {
    id: u64,
    pending: Arc<Mutex<HashMap<u64, oneshot::Sender<ProviderAnswer>>>>,
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
