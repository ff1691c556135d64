//! The connection to PostgreSQL dies between COMMIT and its answer: the server must find out, not guess, whether the
//! group was committed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{self, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::books::Access;
use crate::cluster::Cluster;
use crate::listener::Listener;
use crate::load::Load;
use crate::support::{key, project, server};

/// COMMIT as a simple query.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
const CONTENTS: usize = 1_200;
/// One of this many commits has an accident.
const EVERY: usize = 8;

#[derive(Debug, Clone, Copy)]
enum Accident {
    /// It arrives, but the answer does not.
    AnswerLost,
    /// It does not arrive.
    CommitLost,
    /// It arrives some time after the connection is gone.
    CommitLate,
    /// It does not arrive, and PostgreSQL does not notice the lost connection: its locks stay.
    HalfOpen,
}

/// The accidents, in turn; the last one happens once, because it takes seconds.
fn accident(n: usize) -> Accident {
    match n {
        5 => Accident::HalfOpen,
        n => [Accident::AnswerLost, Accident::CommitLost, Accident::CommitLate][n % 3],
    }
}

/// A relay to PostgreSQL on which commits have accidents, once it is armed.
struct Way {
    port: u16,
    commits: Arc<AtomicUsize>,
    accidents: Arc<AtomicUsize>,
}

const DISARMED: usize = usize::MAX / 2;

impl Way {
    async fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (commits, accidents) = (Arc::new(AtomicUsize::new(DISARMED)), Arc::new(AtomicUsize::new(0)));
        let way = Self { port, commits: commits.clone(), accidents: accidents.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(carry(client, server, commits.clone(), accidents.clone()));
            }
        });
        way
    }

    fn arm(&self) {
        self.commits.store(0, Ordering::SeqCst);
    }

    fn disarm(&self) -> usize {
        self.commits.store(DISARMED, Ordering::SeqCst);
        self.accidents.load(Ordering::SeqCst)
    }
}

async fn carry(client: TcpStream, server: UnixStream, commits: Arc<AtomicUsize>, accidents: Arc<AtomicUsize>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { io::copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
        let sent = &buffer[..length];
        let is_commit = sent.ends_with(COMMIT);
        if is_commit && commits.fetch_add(1, Ordering::SeqCst) % EVERY == EVERY - 1 && armed(&commits) {
            // The client's side ends here: both its halves are dropped.
            back.abort();
            let accident = accident(accidents.fetch_add(1, Ordering::SeqCst));
            drop(from_client);
            match accident {
                Accident::AnswerLost => drop(to_server.write_all(sent).await),
                Accident::CommitLost => {}
                Accident::CommitLate => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    let _ = to_server.write_all(sent).await;
                }
                Accident::HalfOpen => std::future::pending().await,
            }
            return;
        }
        if to_server.write_all(sent).await.is_err() {
            break;
        }
    }
    back.abort();
}

fn armed(commits: &AtomicUsize) -> bool {
    commits.load(Ordering::SeqCst) < DISARMED
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn is_settled() {
    let cluster = Cluster::start().await;
    cluster.database();
    let way = Way::to(cluster.socket()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/test?sslmode=disable", way.port);
    let server = server().database(url).start().await.unwrap();
    let access = Access { base_url: server.base_url(), key: key(&server), project_id: project(&server) };
    let listener = Listener::start(&access, CONTENTS).await;

    way.arm();
    let tally = Load::start(&access.base_url, &access.key, CONTENTS, 8).finish().await;
    let accidents = way.disarm();
    assert!(accidents > 10, "only {accidents}");
    // Nobody noticed anything.
    assert_eq!((tally.ids.len(), tally.unanswered, tally.refused.len()), (CONTENTS, 0, 0), "{:?}", tally.refused);
    assert_eq!(access.balance(&tally).await, CONTENTS);
    listener.has_heard_the_log(&access).await;
    eprintln!("lost 0, twice 0, of {CONTENTS}, with {accidents} commits in doubt");
    server.shutdown().await;
}
