//! The cost of a submission, and of a replay of a thousand events, as a function of the number of events in the log.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::GrowthOptions;
use crate::child::MeasuredServer;
use crate::http::Submitter;
use crate::socket::Socket;

/// Number of connections that submit items.
const CONNECTIONS: usize = 32;
/// Content of an item that is approved.
const ORDINARY_ITEM: &str = "A comment that nobody minds";
/// Number of events in each page of a replay.
const PAGE_EVENTS: u64 = 500;
/// Number of times that the oldest and the newest thousand events are each replayed in a round.
const REPLAYS_PER_ROUND: usize = 50;

/// Costs in one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LogRound {
    /// The server's CPU time per submission.
    pub(crate) submission_cpu_micros: f64,
    pub(crate) submissions_per_second: f64,
    /// The server's CPU time for a replay of the oldest thousand events.
    pub(crate) oldest_replay_cpu_micros: f64,
    /// The server's CPU time for a replay of the newest thousand events with which the log was filled.
    pub(crate) newest_replay_cpu_micros: f64,
    /// Elapsed time of a replay of the same newest events.
    pub(crate) newest_replay_elapsed_millis: f64,
}

pub(crate) async fn measure_log(options: &GrowthOptions, events: u64) -> Vec<LogRound> {
    let folder = tempfile::tempdir().unwrap();
    let mut server = MeasuredServer::start(folder.path(), 1).await;
    Submitter::connect(&server).await.submit(ORDINARY_ITEM).await;
    fill_log(folder.path(), &server.project, events).await;
    // Open the connections just before they are used: the server closes a connection that sends no request for a while.
    let mut connections = join_all((0..CONNECTIONS).map(|_| Submitter::connect(&server))).await;
    let mut socket = Socket::join(&server).await;
    let mut rounds = Vec::new();
    for round in 0..=options.rounds {
        let time = Duration::from_secs(3);
        let (started, cpu) = (Instant::now(), server.cpu_time().await);
        let submit = async |connection: &mut Submitter| {
            let mut count = 0.0;
            while started.elapsed() < time {
                connection.submit(ORDINARY_ITEM).await;
                count += 1.0;
            }
            count
        };
        let submitted: f64 = join_all(connections.iter_mut().map(submit)).await.into_iter().sum();
        let (elapsed, cpu_used) = (started.elapsed(), server.cpu_time().await - cpu);
        let (oldest_replay_cpu_micros, _) = measure_replays(&mut server, &mut socket, 0).await;
        let (newest_replay_cpu_micros, newest_replay_elapsed_millis) =
            measure_replays(&mut server, &mut socket, events - 2 * PAGE_EVENTS).await;
        let costs = LogRound {
            submission_cpu_micros: cpu_used.as_secs_f64() * 1e6 / submitted,
            submissions_per_second: submitted / elapsed.as_secs_f64(),
            oldest_replay_cpu_micros,
            newest_replay_cpu_micros,
            newest_replay_elapsed_millis,
        };
        if round > 0 {
            rounds.push(costs);
        }
    }
    server.stop().await;
    rounds
}

/// Repeatedly replays the thousand events that follow `after`. Returns the server's CPU time in microseconds and the
/// elapsed time in milliseconds, per replay.
async fn measure_replays(server: &mut MeasuredServer, socket: &mut Socket, after: u64) -> (f64, f64) {
    let (started, cpu) = (Instant::now(), server.cpu_time().await);
    for _ in 0..REPLAYS_PER_ROUND {
        for after in [after, after + PAGE_EVENTS] {
            let project = &server.project;
            let request =
                format!(r#"427["replay_events",{{"project_id":"{project}","after":{after},"limit":{PAGE_EVENTS}}}]"#);
            socket.send(&request).await;
            let page = socket.read_until(b"437[", 1).await;
            // The page must contain the id that its last event should have. The character after the id rules out longer numbers.
            let last_id = [",", "}"].map(|end| format!(r#""event_id":{}{end}"#, after + PAGE_EVENTS));
            let page = std::str::from_utf8(&page).unwrap();
            assert!(last_id.iter().any(|id| page.contains(id)), "a page does not end with {last_id:?}");
        }
    }
    let (elapsed, cpu_used) = (started.elapsed(), server.cpu_time().await - cpu);
    (cpu_used.as_secs_f64() * 1e6 / REPLAYS_PER_ROUND as f64, elapsed.as_secs_f64() * 1e3 / REPLAYS_PER_ROUND as f64)
}

/// Copies the existing item and its event until the log contains this many events.
async fn fill_log(folder: &Path, project: &str, events: u64) {
    // Small transactions let other writers proceed, and keep the write-ahead log small.
    const EVENTS_PER_TRANSACTION: u64 = 100_000;
    const NUMBERS: &str = "WITH RECURSIVE n(i) AS (SELECT $2 UNION ALL SELECT i + 1 FROM n WHERE i < $3)";
    // The copies' ids sort before all other ids, as if the copies were older than all other items.
    let copy_items = format!(
        "{NUMBERS} INSERT INTO contents SELECT project_id, printf('00000000-0000-7000-8000-%012d', i), content_type,
             content_data, meta_data, status, created_at, updated_at
         FROM n, (SELECT * FROM contents WHERE project_id = $1 ORDER BY id DESC LIMIT 1)"
    );
    let copy_events = format!(
        "{NUMBERS} INSERT INTO events SELECT project_id, i, name, json_set(data, '$.event_id', i), created_at
         FROM n, (SELECT * FROM events WHERE project_id = $1 AND event_id = 1)"
    );
    let file = folder.join("automoderate.db");
    let mut database = SqliteConnectOptions::new().filename(file).foreign_keys(true).connect().await.unwrap();
    let mut first = 2;
    while first <= events {
        let last = events.min(first + EVENTS_PER_TRANSACTION - 1);
        let mut transaction = database.begin().await.unwrap();
        for query in [&copy_items, &copy_events] {
            let query = sqlx::query(sqlx::AssertSqlSafe(query.as_str()));
            let bound = query.bind(project).bind(i64::try_from(first).unwrap()).bind(i64::try_from(last).unwrap());
            bound.execute(&mut *transaction).await.unwrap();
        }
        let update_head = "UPDATE projects SET event_head = $2, approved = $2 WHERE id = $1";
        let update_head = sqlx::query(update_head).bind(project).bind(i64::try_from(last).unwrap());
        update_head.execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        first = last + 1;
    }
    database.close().await.unwrap();
}
