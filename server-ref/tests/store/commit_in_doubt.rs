//! The connection to PostgreSQL is lost between COMMIT and its answer. The server must determine whether the group was
//! committed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{self, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::cluster::PostgresCluster;
use crate::listener::EventListener;
use crate::load::Load;
use crate::stored_data::Access;
use crate::support::{demo_api_key, demo_project_id, demo_server_builder};

/// The message that sends COMMIT as a simple query.
const COMMIT_MESSAGE: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
const ITEM_COUNT: usize = 1_200;
/// Number of commits per fault; the fault affects the last of them.
const COMMITS_PER_FAULT: usize = 8;

#[derive(Debug, Clone, Copy)]
enum CommitFault {
    /// COMMIT arrives, but its answer is lost.
    AnswerLost,
    /// COMMIT is lost.
    CommitLost,
    /// COMMIT arrives some time after the connection was closed.
    CommitLate,
    /// COMMIT is lost and PostgreSQL does not notice the lost connection, so it keeps the transaction's locks.
    HalfOpen,
}

/// Returns the kind of the nth fault. The first three kinds take turns; the last kind occurs only once, because it takes several seconds.
fn nth_commit_fault(n: usize) -> CommitFault {
    match n {
        5 => CommitFault::HalfOpen,
        n => [CommitFault::AnswerLost, CommitFault::CommitLost, CommitFault::CommitLate][n % 3],
    }
}

/// A relay to PostgreSQL that interrupts some commits while the relay is armed.
struct CommitRelay {
    port: u16,
    commits: Arc<AtomicUsize>,
    faults: Arc<AtomicUsize>,
}

const DISARMED_COUNT: usize = usize::MAX / 2;

impl CommitRelay {
    async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (commits, faults) = (Arc::new(AtomicUsize::new(DISARMED_COUNT)), Arc::new(AtomicUsize::new(0)));
        let relay = Self { port, commits: commits.clone(), faults: faults.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(relay_connection(client, server, commits.clone(), faults.clone()));
            }
        });
        relay
    }

    fn arm(&self) {
        self.commits.store(0, Ordering::SeqCst);
    }

    fn disarm(&self) -> usize {
        self.commits.store(DISARMED_COUNT, Ordering::SeqCst);
        self.faults.load(Ordering::SeqCst)
    }
}

async fn relay_connection(client: TcpStream, server: UnixStream, commits: Arc<AtomicUsize>, faults: Arc<AtomicUsize>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { io::copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
        let sent = &buffer[..length];
        let is_commit = sent.ends_with(COMMIT_MESSAGE);
        if is_commit
            && commits.fetch_add(1, Ordering::SeqCst) % COMMITS_PER_FAULT == COMMITS_PER_FAULT - 1
            && is_armed(&commits)
        {
            // Both halves of the client's connection are dropped, which closes the connection.
            back.abort();
            let fault = nth_commit_fault(faults.fetch_add(1, Ordering::SeqCst));
            drop(from_client);
            match fault {
                CommitFault::AnswerLost => drop(to_server.write_all(sent).await),
                CommitFault::CommitLost => {}
                CommitFault::CommitLate => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    let _ = to_server.write_all(sent).await;
                }
                CommitFault::HalfOpen => std::future::pending().await,
            }
            return;
        }
        if to_server.write_all(sent).await.is_err() {
            break;
        }
    }
    back.abort();
}

fn is_armed(commits: &AtomicUsize) -> bool {
    commits.load(Ordering::SeqCst) < DISARMED_COUNT
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn commits_in_doubt_are_resolved() {
    let cluster = PostgresCluster::start().await;
    cluster.create_test_database();
    let relay = CommitRelay::start(cluster.socket_path()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/test?sslmode=disable", relay.port);
    let server = demo_server_builder().database(url).start().await.unwrap();
    let access =
        Access { base_url: server.base_url(), key: demo_api_key(&server), project_id: demo_project_id(&server) };
    let listener = EventListener::start(&access, ITEM_COUNT).await;

    relay.arm();
    let tally = Load::start(&access.base_url, &access.key, ITEM_COUNT, 8).finish().await;
    let faults = relay.disarm();
    assert!(faults > 10, "only {faults}");
    // The clients notice no failure.
    assert_eq!((tally.ids.len(), tally.unanswered, tally.refused.len()), (ITEM_COUNT, 0, 0), "{:?}", tally.refused);
    assert_eq!(access.check_consistency(&tally).await, ITEM_COUNT);
    listener.expect_whole_log(&access).await;
    eprintln!("lost 0, twice 0, of {ITEM_COUNT}, with {faults} commits in doubt");
    server.shutdown().await;
}
