//! The attacker's process: the tools that all attacks use, and the result of an attack.

use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::attacks;
use crate::raw_connection::{HttpAnswer, RawConnection, request};

/// The server under attack, and the attacker's credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// A key with all scopes for the attacker's own project.
    pub(crate) key: String,
    pub(crate) project: String,
    /// The headers of a signed-in session.
    pub(crate) session_headers: String,
}

/// Maximum time by which an attack is extended so that the attacker can send its first request.
const FIRST_REQUEST_GRACE: Duration = Duration::from_secs(10);

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AttackOrder {
    pub(crate) target: Target,
    pub(crate) millis: u64,
}

/// The numbers of requests and changes in an attack, and their outcomes.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct AttackTally {
    pub(crate) requests: u64,
    /// Requests that were answered with an error, or not at all.
    pub(crate) refused_or_unanswered: u64,
    /// Requests that were answered with 500.
    pub(crate) internal_errors: u64,
    /// Changes that were accepted, or that were not yet answered when the attack ended.
    pub(crate) submitted_changes: u64,
    /// Total size, in bytes, of the requests that submitted these changes.
    pub(crate) submitted_bytes: u64,
}

pub(crate) struct Attacker {
    pub(crate) target: Target,
    until: Instant,
    tally: Mutex<AttackTally>,
}

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Reads the target and the duration from stdin, runs the attack, and prints the tally.
pub(crate) fn run_attack(name: &str) {
    let mut order = String::new();
    io::stdin().read_to_string(&mut order).unwrap();
    let AttackOrder { target, millis } = serde_json::from_str(&order).unwrap();
    let attack = attacks::ALL_ATTACKS.iter().find(|attack| attack.name == name).unwrap();
    // The attacker uses only the processor time that the server and the tenant do not need.
    let _ = rustix::process::nice(19);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tally = runtime.block_on(async {
        let until = Instant::now() + Duration::from_millis(millis);
        let attacker = Attacker { target, until, tally: Mutex::default() };
        tokio::select! {
            () = async {
                (attack.run)(&attacker).await;
                // The attack lasts until its time is over, even if its function returns earlier.
                std::future::pending().await
            } => {}
            () = attacker.wait_until_over() => {}
        }
        attacker.tally.into_inner().unwrap()
    });
    println!("{}", serde_json::to_string(&tally).unwrap());
}

impl Attacker {
    /// Runs `each` in parallel for all numbers below `count`, and repeats each run until the attack's time is over.
    pub(crate) async fn repeat_in_parallel(&self, count: usize, each: impl AsyncFn(usize) -> io::Result<()>) {
        let each = &each;
        join_all((0..count).map(|number| async move {
            while !self.is_over() {
                if each(number).await.is_err() {
                    self.update_tally(|tally| tally.refused_or_unanswered += 1);
                    // Without this delay, a request that is refused immediately would be repeated thousands of times a second.
                    sleep(Duration::from_millis(1)).await;
                }
            }
        }))
        .await;
    }

    /// Returns true once the attack's time is over. If the attacker has not sent a request by then, as on a busy machine, the
    /// attack is extended.
    fn is_over(&self) -> bool {
        let now = Instant::now();
        now >= self.until + FIRST_REQUEST_GRACE || (now >= self.until && self.tally.lock().unwrap().requests > 0)
    }

    async fn wait_until_over(&self) {
        tokio::time::sleep_until(self.until).await;
        while !self.is_over() {
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn update_tally(&self, add: impl FnOnce(&mut AttackTally)) {
        add(&mut self.tally.lock().unwrap());
    }

    /// Opens a connection from one of the attacker's 250 addresses.
    pub(crate) async fn connect(&self, number: usize) -> io::Result<RawConnection> {
        let socket = TcpSocket::new_v4()?;
        let last = u8::try_from(number % 250).unwrap() + 2;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
        let stream = socket.connect(self.target.address).await?;
        stream.set_nodelay(true)?;
        Ok(RawConnection::new(stream))
    }

    /// Sends a request over this connection, and counts the outcome.
    pub(crate) async fn send_request(&self, line: &mut RawConnection, request: &[u8]) -> io::Result<HttpAnswer> {
        let changes = u64::from(!request.starts_with(b"GET"));
        self.send_changes(line, request, changes).await
    }

    /// Sends a request that makes `changes` changes, and counts the outcome.
    pub(crate) async fn send_changes(
        &self,
        line: &mut RawConnection,
        request: &[u8],
        changes: u64,
    ) -> io::Result<HttpAnswer> {
        let bytes = if changes > 0 { request.len() as u64 } else { 0 };
        // The changes are counted before the answer arrives, because the server may store a change whose answer arrives after the
        // end of the attack.
        self.update_tally(|tally| {
            tally.requests += 1;
            tally.submitted_changes += changes;
            tally.submitted_bytes += bytes;
        });
        let answer = line.send_request(request).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        self.update_tally(|tally| {
            tally.refused_or_unanswered += u64::from(status >= 400);
            tally.internal_errors += u64::from(status == 500);
            if !(200..300).contains(&status) {
                tally.submitted_changes -= changes;
                tally.submitted_bytes -= bytes;
            }
        });
        answer
    }

    pub(crate) async fn request_with_key(
        &self,
        line: &mut RawConnection,
        method: &str,
        path: &str,
        body: &str,
    ) -> io::Result<HttpAnswer> {
        self.send_request(line, &request(method, path, &format!("x-api-key: {}", self.target.key), body)).await
    }

    pub(crate) async fn request_with_session(
        &self,
        line: &mut RawConnection,
        method: &str,
        path: &str,
        body: &str,
    ) -> io::Result<HttpAnswer> {
        self.send_request(line, &request(method, path, &self.target.session_headers, body)).await
    }

    /// Opens a WebSocket without sending a packet; `query` begins with `&`.
    pub(crate) async fn open_websocket(&self, number: usize, query: &str) -> io::Result<Socket> {
        self.update_tally(|tally| tally.requests += 1);
        let stream = self.connect(number).await?.stream;
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket{query}", self.target.address);
        let (socket, _) = client_async(url.into_client_request().unwrap(), stream).await.map_err(io::Error::other)?;
        Ok(socket)
    }
}
