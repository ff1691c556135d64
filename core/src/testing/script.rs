//! Server that a test scripts packet by packet.

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
    driver::{Authenticator, DialFuture, DialedTransport, Dialer, Endpoint, RequestAuth, transport::http_refusal},
    session::{ConnectionFailure, CredentialChoice, LoginStatus},
};

/// Maximum time for which a script waits for the client to act, measured on Tokio's clock.
const CLIENT_ACTION_TIMEOUT: Duration = Duration::from_secs(300);

/// In-memory server that a test operates step by step. See the [module](super) for an example.
///
/// All clones refer to the same server.
#[derive(Clone)]
pub struct Script(Arc<ScriptState>);

struct ScriptState {
    dial_sender: mpsc::UnboundedSender<Dial>,
    dial_receiver: Mutex<mpsc::UnboundedReceiver<Dial>>,
    dial_count: AtomicU64,
    /// Seed for the jitter of the client's delays.
    jitter_seed: u64,
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

    /// Creates a server without connections, with this seed for the jitter of the client's delays.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let (dial_sender, dial_receiver) = mpsc::unbounded_channel();
        Self(Arc::new(ScriptState {
            dial_sender,
            dial_receiver: Mutex::new(dial_receiver),
            dial_count: AtomicU64::new(0),
            jitter_seed: seed,
        }))
    }

    /// Waits for the client's next connection attempt, which is pending until the test decides its outcome.
    ///
    /// # Panics
    /// Panics if the client makes no attempt within 5 minutes on Tokio's clock.
    pub async fn next_dial(&self) -> Dial {
        let mut dials = self.0.dial_receiver.lock().await;
        match tokio::time::timeout(CLIENT_ACTION_TIMEOUT, dials.recv()).await {
            Ok(Some(dial)) => dial,
            _ => panic!("the script expected a connection attempt, but the client made none"),
        }
    }

    /// Waits for the next connection attempt and opens its transport, without sending anything.
    ///
    /// # Panics
    /// Panics under the same conditions as [`next_dial`](Self::next_dial).
    pub async fn accept(&self) -> Connection {
        self.next_dial().await.accept()
    }

    /// Waits for the next connection attempt, opens its transport and performs the [handshake](Connection::handshake).
    ///
    /// # Panics
    /// Panics under the same conditions as [`next_dial`](Self::next_dial) and [`Connection::handshake`].
    pub async fn accept_handshake(&self) -> Connection {
        let mut connection = self.accept().await;
        connection.handshake().await;
        connection
    }

    /// Returns the number of connection attempts so far.
    #[must_use]
    pub fn dials(&self) -> u64 {
        self.0.dial_count.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("dials", &self.dials()).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// Makes the client connect to a scripted server in memory. The script receives the client's URL, whose host name is
    /// not resolved.
    #[must_use]
    pub fn script(self, script: &Script) -> Self {
        let (script, seed) = (script.clone(), script.0.jitter_seed);
        let make_dialer = move |endpoint, authenticator| -> Arc<dyn Dialer> {
            Arc::new(ScriptDialer { script: script.clone(), endpoint, authenticator })
        };
        self.test_dialer_and_seed(Arc::new(make_dialer), seed)
    }
}

struct ScriptDialer {
    script: Script,
    endpoint: Arc<Endpoint>,
    authenticator: Arc<Authenticator>,
}

impl Dialer for ScriptDialer {
    fn dial(&self, reason: CredentialsReason, choice: CredentialChoice) -> DialFuture {
        let (state, endpoint, authenticator) =
            (self.script.0.clone(), self.endpoint.clone(), self.authenticator.clone());
        Box::pin(async move {
            state.dial_count.fetch_add(1, Ordering::Relaxed);
            let auth = authenticator.obtain_request_auth(&endpoint, reason, choice).await?;
            let (outcome_sender, outcome) = oneshot::channel();
            let url = endpoint.base_url.as_str().to_owned();
            // Sending can't fail, because `state` owns the receiver.
            let _ = state.dial_sender.send(Dial { url, reason, auth, outcome_sender });
            let dropped = || {
                Err(ConnectionFailure::Dial(Error::connect_failed(Stage::Network, "the script dropped the attempt")))
            };
            outcome.await.unwrap_or_else(|_| dropped())
        })
    }
}

/// Connection attempt by the client. Dropping this value makes the attempt fail.
pub struct Dial {
    url: String,
    reason: CredentialsReason,
    auth: RequestAuth,
    outcome_sender: oneshot::Sender<Result<DialedTransport, ConnectionFailure>>,
}

impl Dial {
    /// Returns the URL to which the client is connecting.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the reason why the client requested credentials.
    #[must_use]
    pub fn reason(&self) -> CredentialsReason {
        self.reason
    }

    /// Returns the value of a parameter that the credentials add to the connection query, such as `api_key`.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.auth.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.expose())
    }

    /// Returns the value of a header that the credentials add to the request, such as `cookie`. The name must be in
    /// lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.auth.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.expose())
    }

    /// Accepts the attempt by opening its transport.
    #[must_use]
    pub fn accept(self) -> Connection {
        let (to_client, client_inbound) = mpsc::unbounded_channel();
        let (client_outbound, from_client) = mpsc::unbounded_channel();
        let link = Arc::new(MemoryLink::default());
        let transport = MemoryTransport {
            inbound: client_inbound,
            probe_replies: to_client.downgrade(),
            outbound: client_outbound,
            unsent: VecDeque::new(),
            link: link.clone(),
            has_sent_close: false,
        };
        let login_status = LoginStatus { has_just_logged_in: self.auth.has_just_logged_in };
        let auth_payload = self.auth.payload.as_ref().map(Secret::expose).map(str::to_owned);
        // Sending fails if the client has abandoned the attempt.
        let _ = self.outcome_sender.send(Ok(DialedTransport {
            transport: Box::new(transport),
            login_status,
            auth_payload,
        }));
        connection::new_connection(to_client, from_client, link, CLIENT_ACTION_TIMEOUT)
    }

    /// Makes the attempt fail with this message, as if the server were unreachable.
    pub fn fail(self, message: &str) {
        let _ = self.outcome_sender.send(Err(ConnectionFailure::Dial(Error::connect_failed(Stage::Network, message))));
    }

    /// Makes the attempt fail with this HTTP status and body.
    pub fn refuse(self, status: u16, body: &str) {
        let _ = self.outcome_sender.send(Err(http_refusal::refusal_failure(status, None, body)));
    }

    /// Waits until the client has abandoned the attempt.
    pub async fn given_up(mut self) {
        self.outcome_sender.closed().await;
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").field("url", &self.url).field("reason", &self.reason).finish_non_exhaustive()
    }
}
