//! The process that runs the clients. It reads commands from its standard input, and answers each with a line.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use automoderate::{Client, Credentials, Event, EventStream, Origin, ReconnectPolicy};
use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};
use tokio::time::{Instant, sleep};

use crate::submitter::{parse_item, unix_micros};

/// Maximum number of clients that connect at the same time when the run starts.
const CONCURRENT_CONNECTS: usize = 64;
/// Time limit for all clients to catch up, and for the remaining events to arrive.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The first command: connects the clients.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConnectCommand {
    pub(crate) url: String,
    /// Ids and API keys of the projects. Each client joins one; the clients are distributed over them.
    pub(crate) projects: Vec<(String, String)>,
    pub(crate) clients: usize,
    pub(crate) jitter: f64,
}

/// The last command: names the items that the clients of each project must have received.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FinishCommand {
    /// Per project, the sequence numbers of the acknowledged items.
    pub(crate) acknowledged: Vec<Vec<usize>>,
    /// Per project, the number of stored items.
    pub(crate) stored: Vec<usize>,
}

/// Results of all clients.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    clients: Vec<ClientTimes>,
    /// Number of clients that gave up or were refused.
    pub(crate) closed: usize,
    /// Number of acknowledged items that a client did not receive, summed over the clients.
    pub(crate) lost: usize,
    /// Number of repeated deliveries of an item to the same client.
    pub(crate) twice: usize,
    /// Number of breaks in the sequence of event ids, plus the number of unexpected events, such as gaps.
    pub(crate) holes: usize,
}

/// A client's times, in milliseconds since the server was killed.
#[derive(Debug, Serialize, Deserialize)]
struct ClientTimes {
    attempts: Vec<u64>,
    /// Arrival of the first decision after the kill, usually a replayed one.
    first: Option<u64>,
    caught_up: Option<u64>,
}

impl Outcome {
    /// Returns the times of all attempts, in seconds since the server was killed.
    pub(crate) fn attempt_times(&self) -> Vec<f64> {
        self.clients.iter().flat_map(|client| &client.attempts).map(|at| *at as f64 / 1000.0).collect()
    }

    /// Returns the times at which the clients had caught up, in seconds since the kill, in ascending order.
    pub(crate) fn catch_up_times(&self) -> Vec<f64> {
        let mut times: Vec<_> = self.clients.iter().filter_map(|client| client.caught_up).collect();
        times.sort_unstable();
        times.into_iter().map(|at| at as f64 / 1000.0).collect()
    }

    /// Returns the longest time in seconds between a client's last attempt and the moment at which that client had
    /// caught up.
    pub(crate) fn slowest_catch_up(&self) -> f64 {
        let time = |client: &ClientTimes| Some(client.caught_up?.saturating_sub(*client.attempts.last()?));
        self.clients.iter().filter_map(time).max().unwrap_or(0) as f64 / 1000.0
    }
}

struct ReceivedItem {
    number: usize,
    /// Microseconds since 1970.
    sent_at: u64,
    arrived_at: u64,
    origin: Origin,
}

/// The events that a client received.
#[derive(Default)]
struct ReceivedEvents {
    items: Vec<ReceivedItem>,
    last_event_id: Option<u64>,
    holes: usize,
}

impl ReceivedEvents {
    /// Returns the arrival time of the first live event whose item was sent at `since` or later: by then, all earlier
    /// events have arrived.
    fn caught_up_at(&self, since: u64) -> Option<u64> {
        let is_new = |event: &&ReceivedItem| event.sent_at >= since && event.origin == Origin::Live;
        Some(self.items.iter().find(is_new)?.arrived_at)
    }
}

/// A client that receives a project's events.
struct StormClient {
    client: Client,
    project: usize,
    /// Start times of the connection attempts, in microseconds since 1970.
    attempts: Arc<Mutex<Vec<u64>>>,
    record: Arc<Mutex<ReceivedEvents>>,
}

/// Runs the commands from the standard input, and prints the clients' results.
pub(crate) async fn run() {
    let mut lines = BufReader::new(stdin()).lines();
    let mut line = async || lines.next_line().await.unwrap().unwrap();
    let command: ConnectCommand = serde_json::from_str(&line().await).unwrap();
    let connect = |n| StormClient::connect(&command, n);
    let clients: Vec<_> =
        stream::iter((0..command.clients).map(connect)).buffer_unordered(CONCURRENT_CONNECTS).collect().await;
    println!("ready");
    let killed_at: u64 = line().await.parse().unwrap();
    wait_for_all(&clients, |client| client.record.lock().unwrap().caught_up_at(killed_at).is_some()).await;
    println!("caught up");
    let finish: FinishCommand = serde_json::from_str(&line().await).unwrap();
    wait_for_all(&clients, |client| {
        client.record.lock().unwrap().items.len() >= finish.stored[client.project] || client.is_closed()
    })
    .await;
    println!("{}", serde_json::to_string(&summarize(&clients, killed_at, &finish)).unwrap());
}

/// Waits until the condition holds for all clients, but no longer than [`TIMEOUT`].
async fn wait_for_all(clients: &[StormClient], is_done: impl Fn(&StormClient) -> bool) {
    let started = Instant::now();
    while !clients.iter().all(&is_done) && started.elapsed() < TIMEOUT {
        sleep(Duration::from_millis(100)).await;
    }
}

fn summarize(clients: &[StormClient], killed_at: u64, finish: &FinishCommand) -> Outcome {
    let millis_since_kill = |at: u64| (at - killed_at) / 1000;
    let mut outcome = Outcome::default();
    for client in clients {
        let record = client.record.lock().unwrap();
        let attempts = client.attempts.lock().unwrap();
        outcome.clients.push(ClientTimes {
            attempts: attempts.iter().filter(|at| **at >= killed_at).map(|at| millis_since_kill(*at)).collect(),
            first: record.items.iter().map(|item| item.arrived_at).find(|at| *at >= killed_at).map(millis_since_kill),
            caught_up: record.caught_up_at(killed_at).map(millis_since_kill),
        });
        outcome.closed += usize::from(client.is_closed());
        outcome.holes += record.holes;
        let mut numbers: Vec<usize> = record.items.iter().map(|item| item.number).collect();
        numbers.sort_unstable();
        outcome.twice += numbers.windows(2).filter(|pair| pair[0] == pair[1]).count();
        let expected = &finish.acknowledged[client.project];
        outcome.lost += expected.iter().filter(|number| numbers.binary_search(number).is_err()).count();
    }
    outcome
}

impl StormClient {
    /// Connects with default settings, except for the jitter, and joins the client's project.
    async fn connect(command: &ConnectCommand, n: usize) -> Self {
        let project = n % command.projects.len();
        let (id, key) = command.projects[project].clone();
        let attempts = Arc::new(Mutex::new(Vec::new()));
        let attempt_times = attempts.clone();
        let client = Client::builder(&command.url)
            .credentials_provider(move |_| {
                // Called at the start of each attempt.
                attempt_times.lock().unwrap().push(unix_micros());
                let key = key.clone();
                async move { Ok(Credentials::ApiKey(key.into())) }
            })
            .reconnect(ReconnectPolicy { jitter: command.jitter, ..ReconnectPolicy::default() })
            .connect()
            .await
            .unwrap();
        let record = Arc::<Mutex<ReceivedEvents>>::default();
        let joined = client.join(id).await.unwrap();
        tokio::spawn(record_events(joined.events(), record.clone()));
        Self { client, project, attempts, record }
    }

    fn is_closed(&self) -> bool {
        self.client.state().is_closed()
    }
}

async fn record_events(mut events: EventStream, record: Arc<Mutex<ReceivedEvents>>) {
    while let Some(Ok(event)) = events.next().await {
        let mut record = record.lock().unwrap();
        match event {
            Event::ModerationUpdate(update) => {
                let (number, sent_at) = parse_item(&update.content_preview);
                let (id, origin) = (update.meta.event_id, update.meta.origin);
                record.holes += usize::from(record.last_event_id.is_some_and(|last| id != Some(last + 1)));
                record.last_event_id = id;
                record.items.push(ReceivedItem { number, sent_at, arrived_at: unix_micros(), origin });
            }
            Event::StatsUpdate(_) => {}
            _ => record.holes += 1,
        }
    }
}
