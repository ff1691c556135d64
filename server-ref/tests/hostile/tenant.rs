//! The other tenant: submits at a steady rate, reads on a socket, and asks whether the server lives.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Client;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::task::TaskTracker;

use crate::server::Server;

/// Between two submissions; the next one does not wait for the answer of the one before.
const PACE: Duration = Duration::from_millis(20);
/// Between two looks whether the server lives, each on a connection of its own.
const LOOKS: Duration = Duration::from_millis(100);
/// A longer wait is an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// The tenant's experience within some time.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// Times from the due submission to its answer, sorted.
    pub(crate) answers: Vec<Duration>,
    /// The slowest answer of `/live`.
    pub(crate) live: Duration,
    pub(crate) errors: Vec<String>,
}

impl Observed {
    pub(crate) fn at(&self, share: f64) -> Duration {
        let last = self.answers.len().saturating_sub(1);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        self.answers.get((last as f64 * share).round() as usize).copied().unwrap_or(PATIENCE)
    }
}

/// All that was noticed, with the times at which it was due.
#[derive(Debug, Default)]
pub(crate) struct Record {
    answers: Vec<(Instant, Duration)>,
    lives: Vec<(Instant, Duration)>,
    errors: Vec<(Instant, String)>,
}

impl Record {
    pub(crate) fn within(&self, times: Range<Instant>) -> Observed {
        let of = |list: &[(Instant, Duration)]| -> Vec<Duration> {
            let mut found: Vec<_> = list.iter().filter(|(at, _)| times.contains(at)).map(|(_, took)| *took).collect();
            found.sort();
            found
        };
        let errors = self.errors.iter().filter(|(at, _)| times.contains(at)).map(|(_, what)| what.clone()).collect();
        Observed { answers: of(&self.answers), live: of(&self.lives).pop().unwrap_or(PATIENCE), errors }
    }
}

/// Its traffic continues until it is stopped.
pub(crate) struct Tenant {
    books: Arc<Books>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Books {
    record: Mutex<Record>,
    /// Submissions that were acknowledged, and their events.
    acknowledged: AtomicUsize,
    seen: AtomicUsize,
    is_over: AtomicBool,
    under_way: TaskTracker,
}

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

impl Tenant {
    pub(crate) async fn start(server: &Server) -> Self {
        let books = Arc::new(Books::default());
        let socket = join(server).await;
        let tasks = vec![
            tokio::spawn(read(books.clone(), socket)),
            tokio::spawn(submit(books.clone(), server.url("/api/moderate"), server.field("api_key").to_owned())),
            tokio::spawn(look(books.clone(), server.url("/live"))),
        ];
        // Connections are made, and what is compiled when it is first used is there.
        sleep(Duration::from_millis(200)).await;
        Self { books, tasks }
    }

    /// Waits for the answers and events that are due, and returns all that was noticed.
    pub(crate) async fn stop(self) -> Record {
        self.books.is_over.store(true, Ordering::Relaxed);
        self.books.under_way.close();
        self.books.under_way.wait().await;
        let counts = || [&self.books.acknowledged, &self.books.seen].map(|count| count.load(Ordering::Relaxed));
        let wait = async {
            while counts()[0] != counts()[1] {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let came = timeout(PATIENCE, wait).await;
        self.tasks.iter().for_each(JoinHandle::abort);
        if came.is_err() {
            let [acknowledged, seen] = counts();
            self.books.wrong(format!("{acknowledged} submissions were acknowledged, and {seen} events came"));
        }
        std::mem::take(&mut *self.books.record.lock().unwrap())
    }
}

impl Books {
    fn wrong(&self, what: impl Into<String>) {
        self.record.lock().unwrap().errors.push((Instant::now(), what.into()));
    }
}

fn client() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).pool_max_idle_per_host(4).build().unwrap()
}

/// An open loop: a slow answer does not make it submit less.
async fn submit(books: Arc<Books>, url: String, key: String) {
    let client = client();
    let mut ticks = interval(PACE);
    for number in 0.. {
        let due = ticks.tick().await;
        if books.is_over.load(Ordering::Relaxed) {
            return;
        }
        let body = json!({"content": format!("Comment {number} on the roses of the neighbour's garden")});
        let request = client.post(&url).header("x-api-key", &key).json(&body);
        let books_of_task = books.clone();
        books.under_way.spawn(async move {
            let books = books_of_task;
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {
                    books.acknowledged.fetch_add(1, Ordering::Relaxed);
                    books.record.lock().unwrap().answers.push((due, due.elapsed()));
                }
                Ok(answer) => books.wrong(format!("a submission was answered with {}", answer.status())),
                Err(error) => books.wrong(format!("a submission failed: {error:?}")),
            }
        });
    }
}

async fn look(books: Arc<Books>, url: String) {
    let client = Client::builder().no_proxy().timeout(PATIENCE).pool_max_idle_per_host(0).build().unwrap();
    let mut ticks = interval(LOOKS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let started = Instant::now();
        match client.get(&url).send().await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => books.wrong(format!("/live answered {}", answer.status())),
            Err(error) => books.wrong(format!("/live failed: {error:?}")),
        }
        books.record.lock().unwrap().lives.push((started, started.elapsed()));
    }
}

/// A socket in the room, after the events that came before.
async fn join(server: &Server) -> Socket {
    let url = server.url("/socket.io/?EIO=4&transport=websocket&api_key=").replacen("http", "ws", 1);
    let (mut socket, _) = connect_async(url + server.field("api_key")).await.unwrap();
    let join = json!(["join_project", {"project_id": server.field("project_id")}]);
    for (packet, answer) in [("40".to_owned(), "40{"), (format!("42{join}"), "42[\"joined_project\"")] {
        socket.send(Message::text(packet)).await.unwrap();
        loop {
            let message = timeout(PATIENCE, socket.next()).await.expect("the tenant joins").unwrap().unwrap();
            if message.to_text().is_ok_and(|text| text.starts_with(answer)) {
                break;
            }
        }
    }
    socket
}

async fn read(books: Arc<Books>, mut socket: Socket) {
    while let Some(Ok(message)) = socket.next().await {
        match message.to_text() {
            Ok("2") => drop(socket.send(Message::text("3")).await),
            Ok(text) if text.starts_with("42[\"moderation_update\"") => {
                books.seen.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
    books.wrong("the tenant's socket was closed");
}
