//! The attacker's process: the means of every attack, and its result.

use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::attacks;
use crate::line::{Answer, Line, request};

/// Whom the attacker may be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// With all scopes, for the attacker's own project.
    pub(crate) key: String,
    pub(crate) project: String,
    /// The headers of a session.
    pub(crate) session: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) target: Target,
    pub(crate) millis: u64,
}

/// The result of an attack.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    /// Answered with a refusal, or not at all.
    pub(crate) refused: u64,
    /// Answered with 500.
    pub(crate) internal: u64,
    /// Changes that were accepted, and their bytes.
    pub(crate) writes: u64,
    pub(crate) written: u64,
}

pub(crate) struct Attacker {
    pub(crate) target: Target,
    until: Instant,
    tally: Mutex<Tally>,
}

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Reads the order, attacks, and prints the tally.
pub(crate) fn run(name: &str) {
    let mut order = String::new();
    io::stdin().read_to_string(&mut order).unwrap();
    let Order { target, millis } = serde_json::from_str(&order).unwrap();
    let attack = attacks::ALL.iter().find(|attack| attack.name == name).unwrap();
    // It attacks with the processor time that the server and the tenant leave.
    let _ = rustix::process::nice(19);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tally = runtime.block_on(async {
        let until = Instant::now() + Duration::from_millis(millis);
        let attacker = Attacker { target, until, tally: Mutex::default() };
        let _ = timeout_at(until, (attack.run)(&attacker)).await;
        // It keeps what it holds until then.
        tokio::time::sleep_until(until).await;
        attacker.tally.into_inner().unwrap()
    });
    println!("{}", serde_json::to_string(&tally).unwrap());
}

impl Attacker {
    /// So many at once, each again and again until the time is over.
    pub(crate) async fn many(&self, count: usize, each: impl AsyncFn(usize) -> io::Result<()>) {
        let each = &each;
        join_all((0..count).map(|number| async move {
            while Instant::now() < self.until {
                if each(number).await.is_err() {
                    self.count(|tally| tally.refused += 1);
                    // Refused at once is refused a thousand times a second.
                    sleep(Duration::from_millis(1)).await;
                }
            }
        }))
        .await;
    }

    pub(crate) fn count(&self, add: impl FnOnce(&mut Tally)) {
        add(&mut self.tally.lock().unwrap());
    }

    /// A connection from one of the attacker's 250 addresses.
    pub(crate) async fn connect(&self, number: usize) -> io::Result<Line> {
        let socket = TcpSocket::new_v4()?;
        let last = u8::try_from(number % 250).unwrap() + 2;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
        let stream = socket.connect(self.target.address).await?;
        stream.set_nodelay(true)?;
        Ok(Line::new(stream))
    }

    /// Sends the request on this connection and counts what became of it.
    pub(crate) async fn ask(&self, line: &mut Line, request: &[u8]) -> io::Result<Answer> {
        self.count(|tally| tally.requests += 1);
        let answer = line.ask(request).await?;
        self.count(|tally| {
            tally.refused += u64::from(answer.status >= 400);
            tally.internal += u64::from(answer.status == 500);
            if answer.status < 300 && !request.starts_with(b"GET") {
                tally.writes += 1;
                tally.written += request.len() as u64;
            }
        });
        Ok(answer)
    }

    /// The same with the key.
    pub(crate) async fn by_key(&self, line: &mut Line, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        self.ask(line, &request(method, path, &format!("x-api-key: {}", self.target.key), body)).await
    }

    /// The same with the session.
    pub(crate) async fn by_session(&self, line: &mut Line, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        self.ask(line, &request(method, path, &self.target.session, body)).await
    }

    /// A WebSocket, before any packet; `query` begins with `&`.
    pub(crate) async fn web_socket(&self, number: usize, query: &str) -> io::Result<Socket> {
        self.count(|tally| tally.requests += 1);
        let stream = self.connect(number).await?.stream;
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket{query}", self.target.address);
        let (socket, _) = client_async(url.into_client_request().unwrap(), stream).await.map_err(io::Error::other)?;
        Ok(socket)
    }
}
