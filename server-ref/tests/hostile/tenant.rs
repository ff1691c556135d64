//! The other tenant, which submits at a steady rate, reads on a socket, and polls the server's liveness.

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

use crate::server::MeasuredServer;

/// Delay between two submissions. A submission does not wait for the answer to the previous one.
const SUBMISSION_INTERVAL: Duration = Duration::from_millis(20);
/// Delay between two liveness checks, each of which opens a new connection.
const LIVENESS_INTERVAL: Duration = Duration::from_millis(100);
/// Timeout after which a request counts as an error.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Latencies and errors that the tenant observed within a period.
#[derive(Debug, Default)]
pub(crate) struct Observations {
    /// Latencies of submissions in ascending order. Each latency is measured from the time at which the submission was due.
    pub(crate) submission_latencies: Vec<Duration>,
    /// Latency of the slowest answer from `/live`.
    pub(crate) max_liveness_latency: Duration,
    pub(crate) errors: Vec<String>,
}

impl Observations {
    pub(crate) fn latency_percentile(&self, share: f64) -> Duration {
        let last = self.submission_latencies.len().saturating_sub(1);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        self.submission_latencies.get((last as f64 * share).round() as usize).copied().unwrap_or(TIMEOUT)
    }
}

/// Everything that the tenant observed, with the time of each observation.
#[derive(Debug, Default)]
pub(crate) struct TenantRecord {
    submission_latencies: Vec<(Instant, Duration)>,
    live_latencies: Vec<(Instant, Duration)>,
    errors: Vec<(Instant, String)>,
}

impl TenantRecord {
    pub(crate) fn between(&self, times: Range<Instant>) -> Observations {
        let of = |list: &[(Instant, Duration)]| -> Vec<Duration> {
            let mut found: Vec<_> = list.iter().filter(|(at, _)| times.contains(at)).map(|(_, took)| *took).collect();
            found.sort();
            found
        };
        let errors = self.errors.iter().filter(|(at, _)| times.contains(at)).map(|(_, what)| what.clone()).collect();
        Observations {
            submission_latencies: of(&self.submission_latencies),
            max_liveness_latency: of(&self.live_latencies).pop().unwrap_or(TIMEOUT),
            errors,
        }
    }
}

/// The tenant's traffic, which continues until it is stopped.
pub(crate) struct Tenant {
    shared: Arc<SharedRecord>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct SharedRecord {
    record: Mutex<TenantRecord>,
    /// Number of acknowledged submissions.
    acknowledged: AtomicUsize,
    /// Number of events received for the tenant's submissions.
    received_events: AtomicUsize,
    is_over: AtomicBool,
    pending_requests: TaskTracker,
}

type TenantSocket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

impl Tenant {
    pub(crate) async fn start(server: &MeasuredServer) -> Self {
        let shared = Arc::new(SharedRecord::default());
        let socket = open_joined_socket(server).await;
        let tasks = vec![
            tokio::spawn(count_events(shared.clone(), socket)),
            tokio::spawn(submit_steadily(
                shared.clone(),
                server.url("/api/moderate"),
                server.ready_field("api_key").to_owned(),
            )),
            tokio::spawn(poll_liveness(shared.clone(), server.url("/live"))),
        ];
        // By the end of this delay, connections are open, and statements that are compiled on first use are ready.
        sleep(Duration::from_millis(200)).await;
        Self { shared, tasks }
    }

    /// Waits for pending answers and events, and returns the record.
    pub(crate) async fn stop(self) -> TenantRecord {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.shared.pending_requests.close();
        self.shared.pending_requests.wait().await;
        let counts =
            || [&self.shared.acknowledged, &self.shared.received_events].map(|count| count.load(Ordering::Relaxed));
        let wait = async {
            while counts()[0] != counts()[1] {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let came = timeout(TIMEOUT, wait).await;
        self.tasks.iter().for_each(JoinHandle::abort);
        if came.is_err() {
            let [acknowledged, received] = counts();
            self.shared
                .record_error(format!("{acknowledged} submissions were acknowledged, but {received} events arrived"));
        }
        std::mem::take(&mut *self.shared.record.lock().unwrap())
    }
}

impl SharedRecord {
    fn record_error(&self, what: impl Into<String>) {
        self.record.lock().unwrap().errors.push((Instant::now(), what.into()));
    }
}

fn client() -> Client {
    Client::builder().no_proxy().timeout(TIMEOUT).pool_max_idle_per_host(4).build().unwrap()
}

/// Submits items at a fixed rate, which slow answers do not reduce.
async fn submit_steadily(shared: Arc<SharedRecord>, url: String, key: String) {
    let client = client();
    let mut ticks = interval(SUBMISSION_INTERVAL);
    for number in 0.. {
        let due = ticks.tick().await;
        if shared.is_over.load(Ordering::Relaxed) {
            return;
        }
        let body = json!({"content": format!("Comment {number} on the roses of the neighbour's garden")});
        let request = client.post(&url).header("x-api-key", &key).json(&body);
        let task_shared = shared.clone();
        shared.pending_requests.spawn(async move {
            let shared = task_shared;
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {
                    shared.acknowledged.fetch_add(1, Ordering::Relaxed);
                    shared.record.lock().unwrap().submission_latencies.push((due, due.elapsed()));
                }
                Ok(answer) => shared.record_error(format!("a submission was answered with {}", answer.status())),
                Err(error) => shared.record_error(format!("a submission failed: {error:?}")),
            }
        });
    }
}

async fn poll_liveness(shared: Arc<SharedRecord>, url: String) {
    let client = Client::builder().no_proxy().timeout(TIMEOUT).pool_max_idle_per_host(0).build().unwrap();
    let mut ticks = interval(LIVENESS_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let started = Instant::now();
        match client.get(&url).send().await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => shared.record_error(format!("/live answered {}", answer.status())),
            Err(error) => shared.record_error(format!("/live failed: {error:?}")),
        }
        shared.record.lock().unwrap().live_latencies.push((started, started.elapsed()));
    }
}

/// Opens a socket that has joined the project's room and therefore receives all later events.
async fn open_joined_socket(server: &MeasuredServer) -> TenantSocket {
    let url = server.url("/socket.io/?EIO=4&transport=websocket&api_key=").replacen("http", "ws", 1);
    let (mut socket, _) = connect_async(url + server.ready_field("api_key")).await.unwrap();
    let join = json!(["join_project", {"project_id": server.ready_field("project_id")}]);
    for (packet, answer) in [("40".to_owned(), "40{"), (format!("42{join}"), "42[\"joined_project\"")] {
        socket.send(Message::text(packet)).await.unwrap();
        loop {
            let message = timeout(TIMEOUT, socket.next()).await.expect("the tenant joins in time").unwrap().unwrap();
            if message.to_text().is_ok_and(|text| text.starts_with(answer)) {
                break;
            }
        }
    }
    socket
}

async fn count_events(shared: Arc<SharedRecord>, mut socket: TenantSocket) {
    while let Some(Ok(message)) = socket.next().await {
        match message.to_text() {
            Ok("2") => drop(socket.send(Message::text("3")).await),
            Ok(text) if text.starts_with("42[\"moderation_update\"") => {
                shared.received_events.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
    shared.record_error("the tenant's socket was closed");
}
