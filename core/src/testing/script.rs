//! Scripted server.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Mutex, mpsc, oneshot};

use super::{
    Connection, connection,
    transport::{MemoryLink, MemoryTransport},
};
use crate::{
    ClientBuilder, CredentialsReason, Error, Secret, Stage,
    driver::{Authenticator, DialPlan, Dialed, Dialer, Endpoint, RequestAuth, transport::http_status},
    session::{ConnectionFailure, CredentialChoice, CredentialStatus},
};

/// Time limit of a script for what it expects.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(300);

/// Server in memory, played by a test. See the [module](super) for an example.
///
/// Clones are the same server.
#[derive(Clone)]
pub struct Script(Arc<Door>);

struct Door {
    knock: mpsc::UnboundedSender<Dial>,
    dials: Mutex<mpsc::UnboundedReceiver<Dial>>,
    count: AtomicU64,
    seed: u64,
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Script {
    /// Creates a server without connections.
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// Like [`new`](Self::new), with another seed for the jitter of the client's delays.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let (knock, dials) = mpsc::unbounded_channel();
        Self(Arc::new(Door { knock, dials: Mutex::new(dials), count: AtomicU64::new(0), seed }))
    }

    /// Waits for the next connection attempt, which then waits for the test.
    ///
    /// # Panics
    /// Panics if there is none within 5 minutes of tokio's time.
    pub async fn next_dial(&self) -> Dial {
        let mut dials = self.0.dials.lock().await;
        match tokio::time::timeout(SCRIPT_TIMEOUT, dials.recv()).await {
            Ok(Some(dial)) => dial,
            _ => panic!("the script expects a connection attempt, but the client makes none"),
        }
    }

    /// Opens the transport of the next attempt. Sends nothing.
    ///
    /// # Panics
    /// Panics like [`next_dial`](Self::next_dial).
    pub async fn accept(&self) -> Connection {
        self.next_dial().await.accept()
    }

    /// Opens the transport of the next attempt and performs the [handshake](Connection::handshake).
    ///
    /// # Panics
    /// Panics like [`next_dial`](Self::next_dial) and [`Connection::handshake`].
    pub async fn accept_handshake(&self) -> Connection {
        let mut connection = self.accept().await;
        connection.handshake().await;
        connection
    }

    /// Number of attempts so far.
    #[must_use]
    pub fn dials(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("dials", &self.dials()).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// Connects the client to a scripted server in memory. The address is passed on but not resolved.
    #[must_use]
    pub fn script(self, script: &Script) -> Self {
        let (script, seed) = (script.clone(), script.0.seed);
        let make = move |endpoint, authenticator| -> Arc<dyn Dialer> {
            Arc::new(ScriptDialer { script: script.clone(), endpoint, authenticator })
        };
        self.dialer(Arc::new(make), seed)
    }
}

struct ScriptDialer {
    script: Script,
    endpoint: Arc<Endpoint>,
    authenticator: Arc<Authenticator>,
}

impl Dialer for ScriptDialer {
    fn dial(&self, reason: CredentialsReason, choice: CredentialChoice) -> DialPlan {
        let (door, endpoint, authenticator) =
            (self.script.0.clone(), self.endpoint.clone(), self.authenticator.clone());
        Box::pin(async move {
            door.count.fetch_add(1, Ordering::Relaxed);
            let auth = authenticator.request_auth(&endpoint, reason, choice).await?;
            let (verdict, told) = oneshot::channel();
            // The receiver lives as long as the server.
            let url = endpoint.base_url.as_str().to_owned();
            let _ = door.knock.send(Dial { url, reason, auth, verdict });
            let gone = || {
                Err(ConnectionFailure::Dial(Error::connect_failed(Stage::Network, "the script dropped the attempt")))
            };
            told.await.unwrap_or_else(|_| gone())
        })
    }
}

/// Connection attempt of the client. Dropping it makes the attempt fail.
pub struct Dial {
    url: String,
    reason: CredentialsReason,
    auth: RequestAuth,
    verdict: oneshot::Sender<Result<Dialed, ConnectionFailure>>,
}

impl Dial {
    /// Address of the attempt.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Reason with which the credentials provider was called.
    #[must_use]
    pub fn reason(&self) -> CredentialsReason {
        self.reason
    }

    /// Parameter that the credentials add to the connection query, such as `api_key`.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.auth.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.expose())
    }

    /// Header that the credentials add, such as `cookie`, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.auth.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.expose())
    }

    /// Opens the transport.
    #[must_use]
    pub fn accept(self) -> Connection {
        let (inbound, client_inbound) = mpsc::unbounded_channel();
        let (client_outbound, outbound) = mpsc::unbounded_channel();
        let link = Arc::new(MemoryLink::default());
        let wire = MemoryTransport {
            inbound: client_inbound,
            echo: inbound.downgrade(),
            outbound: client_outbound,
            outbox: VecDeque::new(),
            link: link.clone(),
            said_goodbye: false,
        };
        let credential_status = CredentialStatus { just_accepted: self.auth.just_accepted };
        let auth = self.auth.payload.as_ref().map(Secret::expose).map(str::to_owned);
        // The client may have given up the attempt.
        let _ = self.verdict.send(Ok(Dialed { transport: Box::new(wire), credential_status, auth }));
        connection::open(inbound, outbound, link, SCRIPT_TIMEOUT)
    }

    /// Fails the attempt as if the server was unreachable.
    pub fn fail(self, why: &str) {
        let _ = self.verdict.send(Err(ConnectionFailure::Dial(Error::connect_failed(Stage::Network, why))));
    }

    /// Fails the attempt with this HTTP status and body.
    pub fn refuse(self, status: u16, body: &str) {
        let _ = self.verdict.send(Err(http_status::refusal_failure(status, None, body)));
    }

    /// Waits until the client has given up the attempt.
    pub async fn given_up(mut self) {
        self.verdict.closed().await;
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").field("url", &self.url).field("reason", &self.reason).finish_non_exhaustive()
    }
}
