//! A log of many events: the cost of a submission, and of a replay of a thousand events.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::Plan;
use crate::child::Server;
use crate::http::Submitter;
use crate::socket::Socket;

const CONNECTIONS: usize = 32;
/// A page of a replay.
const PAGE: u64 = 500;
/// Replays of a thousand events in a round.
const REPLAYS: usize = 50;

/// Of one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Costs {
    pub(crate) submission_micros: f64,
    pub(crate) submissions_per_second: f64,
    /// The server's CPU time, and the time, for a thousand events: the oldest, and the newest.
    pub(crate) oldest_micros: f64,
    pub(crate) newest_micros: f64,
    pub(crate) newest_millis: f64,
}

pub(crate) async fn measure(plan: &Plan, events: u64) -> Vec<Costs> {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), 1).await;
    Submitter::connect(&server).await.submit("A comment that nobody minds").await;
    fill(folder.path(), &server.project, events).await;
    // The server waits less than this for the next request.
    let mut connections = join_all((0..CONNECTIONS).map(|_| Submitter::connect(&server))).await;
    let mut socket = Socket::join(&server).await;
    let mut rounds = Vec::new();
    for round in 0..=plan.rounds {
        let time = Duration::from_secs(3);
        let (started, cpu) = (Instant::now(), server.cpu().await);
        let submit = async |connection: &mut Submitter| {
            let mut count = 0.0;
            while started.elapsed() < time {
                connection.submit("A comment that nobody minds").await;
                count += 1.0;
            }
            count
        };
        let submitted: f64 = join_all(connections.iter_mut().map(submit)).await.into_iter().sum();
        let (elapsed, used) = (started.elapsed(), server.cpu().await - cpu);
        let (oldest_micros, _) = replays(&mut server, &mut socket, 0).await;
        let (newest_micros, newest_millis) = replays(&mut server, &mut socket, events - 2 * PAGE).await;
        let costs = Costs {
            submission_micros: used.as_secs_f64() * 1e6 / submitted,
            submissions_per_second: submitted / elapsed.as_secs_f64(),
            oldest_micros,
            newest_micros,
            newest_millis,
        };
        if round > 0 {
            rounds.push(costs);
        }
    }
    server.stop().await;
    rounds
}

/// Replays a thousand events after `after` repeatedly: the server's CPU microseconds, and milliseconds, per thousand.
async fn replays(server: &mut Server, socket: &mut Socket, after: u64) -> (f64, f64) {
    let (started, cpu) = (Instant::now(), server.cpu().await);
    for _ in 0..REPLAYS {
        for after in [after, after + PAGE] {
            let project = &server.project;
            let ask = format!(r#"427["replay_events",{{"project_id":"{project}","after":{after},"limit":{PAGE}}}]"#);
            socket.send(&ask).await;
            let page = socket.until(b"437[", 1).await;
            // Somewhere in its payload.
            let last = [",", "}"].map(|end| format!(r#""event_id":{}{end}"#, after + PAGE));
            let page = std::str::from_utf8(&page).unwrap();
            assert!(last.iter().any(|last| page.contains(last)), "the page ends with {last:?}");
        }
    }
    let (elapsed, used) = (started.elapsed(), server.cpu().await - cpu);
    (used.as_secs_f64() * 1e6 / REPLAYS as f64, elapsed.as_secs_f64() * 1e3 / REPLAYS as f64)
}

/// Copies the existing item, and its event, this many times.
async fn fill(folder: &Path, project: &str, events: u64) {
    // In chunks, so that other writers wait for at most one, and the write-ahead log stays small.
    const CHUNK: u64 = 100_000;
    const NUMBERS: &str = "WITH RECURSIVE n(i) AS (SELECT $2 UNION ALL SELECT i + 1 FROM n WHERE i < $3)";
    // Ids lower than all later ones, as if these items were older.
    let contents = format!(
        "{NUMBERS} INSERT INTO contents SELECT project_id, printf('00000000-0000-7000-8000-%012d', i), content_type,
             content_data, meta_data, status, created_at, updated_at
         FROM n, (SELECT * FROM contents WHERE project_id = $1 ORDER BY id DESC LIMIT 1)"
    );
    let log = format!(
        "{NUMBERS} INSERT INTO events SELECT project_id, i, name, json_set(data, '$.event_id', i), created_at
         FROM n, (SELECT * FROM events WHERE project_id = $1 AND event_id = 1)"
    );
    let file = folder.join("automoderate.db");
    let mut database = SqliteConnectOptions::new().filename(file).foreign_keys(true).connect().await.unwrap();
    let mut first = 2;
    while first <= events {
        let last = events.min(first + CHUNK - 1);
        let mut chunk = database.begin().await.unwrap();
        for query in [&contents, &log] {
            let query = sqlx::query(sqlx::AssertSqlSafe(query.as_str()));
            let bound = query.bind(project).bind(i64::try_from(first).unwrap()).bind(i64::try_from(last).unwrap());
            bound.execute(&mut *chunk).await.unwrap();
        }
        let head = "UPDATE projects SET event_head = $2, approved = $2 WHERE id = $1";
        let head = sqlx::query(head).bind(project).bind(i64::try_from(last).unwrap());
        head.execute(&mut *chunk).await.unwrap();
        chunk.commit().await.unwrap();
        first = last + 1;
    }
    database.close().await.unwrap();
}
