//! The clients, in their own process: it reads orders from its standard input, and answers line by line.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use automoderate::{Client, Credentials, Event, EventStream, Origin, ReconnectPolicy};
use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};
use tokio::time::{Instant, sleep};

use crate::writer::{content, now};

/// Clients that connect at once, at first.
const AT_ONCE: usize = 64;
/// The time for all clients to catch up, and to receive the rest.
const PATIENCE: Duration = Duration::from_secs(120);

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) url: String,
    /// Ids and keys, distributed over the clients.
    pub(crate) projects: Vec<(String, String)>,
    pub(crate) clients: usize,
    pub(crate) jitter: f64,
}

/// The last line: the items that every client must have.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Finish {
    /// Per project, the numbers of the acknowledged items.
    pub(crate) acknowledged: Vec<Vec<usize>>,
    /// Per project, the number of its items.
    pub(crate) stored: Vec<usize>,
}

/// The clients' results.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    clients: Vec<Comeback>,
    /// Clients that gave up, or were refused.
    pub(crate) closed: usize,
    pub(crate) lost: usize,
    pub(crate) twice: usize,
    /// Ids that did not follow the previous one, and notices of loss.
    pub(crate) holes: usize,
}

/// One client's times, in milliseconds since the server was killed.
#[derive(Debug, Serialize, Deserialize)]
struct Comeback {
    attempts: Vec<u64>,
    /// The first event, usually a replayed one.
    first: Option<u64>,
    caught_up: Option<u64>,
}

/// All of them in seconds.
impl Outcome {
    pub(crate) fn attempts(&self) -> Vec<f64> {
        self.clients.iter().flat_map(|client| &client.attempts).map(|at| *at as f64 / 1000.0).collect()
    }

    /// From the least.
    pub(crate) fn caught_up(&self) -> Vec<f64> {
        let mut all: Vec<_> = self.clients.iter().filter_map(|client| client.caught_up).collect();
        all.sort_unstable();
        all.into_iter().map(|at| at as f64 / 1000.0).collect()
    }

    /// The longest time from a client's last attempt until it had caught up.
    pub(crate) fn slowest(&self) -> f64 {
        let time = |client: &Comeback| Some(client.caught_up?.saturating_sub(*client.attempts.last()?));
        self.clients.iter().filter_map(time).max().unwrap_or(0) as f64 / 1000.0
    }
}

struct Received {
    number: usize,
    /// Microseconds since 1970.
    sent: u64,
    arrived: u64,
    origin: Origin,
}

#[derive(Default)]
struct Books {
    received: Vec<Received>,
    last: Option<u64>,
    holes: usize,
}

impl Books {
    /// The time of the first event that was sent since then and not replayed: all earlier ones have arrived.
    fn caught_up(&self, since: u64) -> Option<u64> {
        let is_new = |event: &&Received| event.sent >= since && event.origin == Origin::Live;
        Some(self.received.iter().find(is_new)?.arrived)
    }
}

struct Follower {
    client: Client,
    project: usize,
    /// The start of attempts, in microseconds since 1970.
    attempts: Arc<Mutex<Vec<u64>>>,
    books: Arc<Mutex<Books>>,
}

/// Follows until its input ends.
pub(crate) async fn run() {
    let mut lines = BufReader::new(stdin()).lines();
    let mut line = async || lines.next_line().await.unwrap().unwrap();
    let start: Start = serde_json::from_str(&line().await).unwrap();
    let connect = |n| Follower::connect(&start, n);
    let followers: Vec<_> = stream::iter((0..start.clients).map(connect)).buffer_unordered(AT_ONCE).collect().await;
    println!("ready");
    let struck: u64 = line().await.parse().unwrap();
    wait(&followers, |follower| follower.books.lock().unwrap().caught_up(struck).is_some()).await;
    println!("caught up");
    let finish: Finish = serde_json::from_str(&line().await).unwrap();
    wait(&followers, |follower| {
        follower.books.lock().unwrap().received.len() >= finish.stored[follower.project] || follower.is_closed()
    })
    .await;
    println!("{}", serde_json::to_string(&outcome(&followers, struck, &finish)).unwrap());
}

/// Waits until the condition holds for all clients, or for too long.
async fn wait(followers: &[Follower], is_so: impl Fn(&Follower) -> bool) {
    let started = Instant::now();
    while !followers.iter().all(&is_so) && started.elapsed() < PATIENCE {
        sleep(Duration::from_millis(100)).await;
    }
}

fn outcome(followers: &[Follower], struck: u64, finish: &Finish) -> Outcome {
    let since = |at: u64| (at - struck) / 1000;
    let mut outcome = Outcome::default();
    for follower in followers {
        let books = follower.books.lock().unwrap();
        let attempts = follower.attempts.lock().unwrap();
        outcome.clients.push(Comeback {
            attempts: attempts.iter().filter(|at| **at >= struck).map(|at| since(*at)).collect(),
            first: books.received.iter().map(|event| event.arrived).find(|at| *at >= struck).map(since),
            caught_up: books.caught_up(struck).map(since),
        });
        outcome.closed += usize::from(follower.is_closed());
        outcome.holes += books.holes;
        let mut numbers: Vec<usize> = books.received.iter().map(|event| event.number).collect();
        numbers.sort_unstable();
        outcome.twice += numbers.windows(2).filter(|two| two[0] == two[1]).count();
        let wanted = &finish.acknowledged[follower.project];
        outcome.lost += wanted.iter().filter(|number| numbers.binary_search(number).is_err()).count();
    }
    outcome
}

impl Follower {
    /// With default settings except for the jitter.
    async fn connect(start: &Start, n: usize) -> Self {
        let project = n % start.projects.len();
        let (id, key) = start.projects[project].clone();
        let attempts = Arc::new(Mutex::new(Vec::new()));
        let begun = attempts.clone();
        let client = Client::builder(&start.url)
            .credentials_provider(move |_| {
                // Called when an attempt begins.
                begun.lock().unwrap().push(now());
                let key = key.clone();
                async move { Ok(Credentials::ApiKey(key.into())) }
            })
            .reconnect(ReconnectPolicy { jitter: start.jitter, ..ReconnectPolicy::default() })
            .connect()
            .await
            .unwrap();
        let books = Arc::<Mutex<Books>>::default();
        let joined = client.join(id).await.unwrap();
        tokio::spawn(read(joined.events(), books.clone()));
        Self { client, project, attempts, books }
    }

    fn is_closed(&self) -> bool {
        self.client.state().is_closed()
    }
}

async fn read(mut events: EventStream, books: Arc<Mutex<Books>>) {
    while let Some(Ok(event)) = events.next().await {
        let mut books = books.lock().unwrap();
        match event {
            Event::ModerationUpdate(update) => {
                let (number, sent) = content(&update.content_preview);
                let (id, origin) = (update.meta.event_id, update.meta.origin);
                books.holes += usize::from(books.last.is_some_and(|last| id != Some(last + 1)));
                books.last = id;
                books.received.push(Received { number, sent, arrived: now(), origin });
            }
            Event::StatsUpdate(_) => {}
            _ => books.holes += 1,
        }
    }
}
