//! The scripted server's door.

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
    transport::{Link, Wire},
};
use crate::{
    ClientBuilder, CredentialsReason, Error, Secret, Stage,
    driver::{Authenticator, DialPlan, Dialed, Dialer, Environment, RequestAuth, transport::http_status},
    session::{CredentialChoice, Fault, Proof},
};

/// How long a script waits for what it expects.
const PATIENCE: Duration = Duration::from_secs(300);

/// A server in memory, played by a test. See the [module](super) for an example.
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
    /// A server to which nobody has connected yet.
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// As [`new`](Self::new), with another seed for the jitter in the client's pauses.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let (knock, dials) = mpsc::unbounded_channel();
        Self(Arc::new(Door { knock, dials: Mutex::new(dials), count: AtomicU64::new(0), seed }))
    }

    /// The next attempt to connect, which waits for what it is told.
    ///
    /// # Panics
    /// If there is none within 5 minutes of tokio's time.
    pub async fn next_dial(&self) -> Dial {
        let mut dials = self.0.dials.lock().await;
        match tokio::time::timeout(PATIENCE, dials.recv()).await {
            Ok(Some(dial)) => dial,
            _ => panic!("the script waits for a client, but none connects"),
        }
    }

    /// Opens the transport of the next attempt. The server has said nothing yet.
    ///
    /// # Panics
    /// As [`next_dial`](Self::next_dial).
    pub async fn accept(&self) -> Connection {
        self.next_dial().await.accept()
    }

    /// Opens the transport of the next attempt and does the [handshake](Connection::handshake).
    ///
    /// # Panics
    /// As [`next_dial`](Self::next_dial) and [`Connection::handshake`].
    pub async fn accept_handshake(&self) -> Connection {
        let mut connection = self.accept().await;
        connection.handshake().await;
        connection
    }

    /// How many attempts have been made so far.
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
    /// Connects to a scripted server in memory, which is told the address, but not found by it.
    #[must_use]
    pub fn script(self, script: &Script) -> Self {
        let (script, seed) = (script.clone(), script.0.seed);
        let make = move |environment, authenticator| -> Arc<dyn Dialer> {
            Arc::new(ScriptDialer { script: script.clone(), environment, authenticator })
        };
        self.dialer(Arc::new(make), seed)
    }
}

struct ScriptDialer {
    script: Script,
    environment: Arc<Environment>,
    authenticator: Arc<Authenticator>,
}

impl Dialer for ScriptDialer {
    fn dial(&self, reason: CredentialsReason, choice: CredentialChoice) -> DialPlan {
        let (door, environment, authenticator) =
            (self.script.0.clone(), self.environment.clone(), self.authenticator.clone());
        Box::pin(async move {
            door.count.fetch_add(1, Ordering::Relaxed);
            let auth = authenticator.request_auth(&environment, reason, choice).await?;
            let (verdict, told) = oneshot::channel();
            // The receiver lives as long as the door.
            let url = environment.target.address().to_owned();
            let _ = door.knock.send(Dial { url, reason, auth, verdict });
            let gone = || Err(Fault::Dial(Error::connect_failed(Stage::Network, "the script let go of the attempt")));
            told.await.unwrap_or_else(|_| gone())
        })
    }
}

/// An attempt of the client to connect. Letting go of it makes it fail.
pub struct Dial {
    url: String,
    reason: CredentialsReason,
    auth: RequestAuth,
    verdict: oneshot::Sender<Result<Dialed, Fault>>,
}

impl Dial {
    /// The address that is tried.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Why the credentials provider was asked.
    #[must_use]
    pub fn reason(&self) -> CredentialsReason {
        self.reason
    }

    /// A parameter that the credentials add to the connection query, such as `api_key`.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.auth.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.expose())
    }

    /// A header that the credentials add, such as `cookie`, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.auth.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.expose())
    }

    /// Opens the transport.
    #[must_use]
    pub fn accept(self) -> Connection {
        let (inbound, client_inbound) = mpsc::unbounded_channel();
        let (client_outbound, outbound) = mpsc::unbounded_channel();
        let link = Arc::new(Link::default());
        let wire = Wire {
            inbound: client_inbound,
            echo: inbound.downgrade(),
            outbound: client_outbound,
            outbox: VecDeque::new(),
            link: link.clone(),
            said_goodbye: false,
        };
        let proof = Proof { just_accepted: self.auth.just_accepted };
        let auth = self.auth.payload.as_ref().map(Secret::expose).map(str::to_owned);
        // The client may have given the attempt up.
        let _ = self.verdict.send(Ok(Dialed { transport: Box::new(wire), proof, auth }));
        connection::open(inbound, outbound, link, PATIENCE)
    }

    /// The server can't be reached.
    pub fn fail(self, why: &str) {
        let _ = self.verdict.send(Err(Fault::Dial(Error::connect_failed(Stage::Network, why))));
    }

    /// The server answers the HTTP request with a status other than the wanted one, and this body.
    pub fn refuse(self, status: u16, body: &str) {
        let _ = self.verdict.send(Err(http_status::refused(status, None, body)));
    }

    /// Waits until the client has given the attempt up.
    pub async fn given_up(mut self) {
        self.verdict.closed().await;
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").field("url", &self.url).field("reason", &self.reason).finish_non_exhaustive()
    }
}
