//! A credentials provider for languages that can't be called: they ask what is wanted, and answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use crate::{ClientBuilder, Credentials, CredentialsReason, ProviderError};

type Answer = Result<Credentials, ProviderError>;

/// Requests that nobody has picked up yet; an attempt that finds no room fails and is made again.
const WAITING_MAX: usize = 8;

/// A request for credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialRequest {
    /// To be given back with the answer.
    pub id: u64,
    /// Why they are wanted.
    pub reason: CredentialsReason,
}

/// Turns a provider that is called into a queue that is asked.
#[derive(Debug)]
pub struct CredentialQueue {
    requests: AsyncMutex<mpsc::Receiver<CredentialRequest>>,
    answers: Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>,
}

impl CredentialQueue {
    /// Makes the queue the provider of a client.
    #[must_use]
    pub fn install(builder: ClientBuilder) -> (ClientBuilder, Arc<Self>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let answers: Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>> = Arc::default();
        let pending = answers.clone();
        let ids = Arc::new(std::sync::atomic::AtomicU64::new(1));
        let builder = builder.credentials_provider(move |reason| {
            let id = ids.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let (reply, answer) = oneshot::channel();
            pending.lock().unwrap_or_else(PoisonError::into_inner).insert(id, reply);
            let asked = sender.try_send(CredentialRequest { id, reason });
            let forget = Forget { id, pending: pending.clone() };
            async move {
                let _forget = forget;
                asked.map_err(|_| ProviderError::retry("nobody answers requests for credentials"))?;
                answer.await.map_err(|_| ProviderError::retry("the request for credentials was dropped"))?
            }
        });
        (builder, Arc::new(Self { requests: AsyncMutex::new(receiver), answers }))
    }

    /// The next request; `None` when the client is gone.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&self) -> Option<CredentialRequest> {
        self.requests.lock().await.recv().await
    }

    /// Answers a request. An answer that comes too late is ignored.
    pub fn answer(&self, id: u64, answer: Answer) {
        let reply = self.answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(reply) = reply {
            let _ = reply.send(answer);
        }
    }
}

/// Takes a request that was given up out of the table.
struct Forget {
    id: u64,
    pending: Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>,
}

impl Drop for Forget {
    fn drop(&mut self) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
