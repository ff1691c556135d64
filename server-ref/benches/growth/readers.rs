//! The SDK's clients in this process, and their cost per event.

use std::sync::Arc;

use automoderate::{Client, Event, EventStream};
use futures_util::future::join_all;
use tokio::sync::watch;

use crate::child::{Server, USER};
use crate::usage;

/// Clients that connect at once.
const AT_ONCE: usize = 50;

/// The streams being read, and the number of their events.
pub(crate) struct Readers {
    clients: Vec<Client>,
    seen: watch::Receiver<u64>,
    due: u64,
}

impl Readers {
    /// This many clients, each with the first project.
    pub(crate) async fn clients(server: &Server, count: usize) -> Self {
        let mut clients = Vec::new();
        while clients.len() < count {
            let connect =
                |_| async { Client::builder(server.url()).api_key(server.key.as_str()).connect().await.unwrap() };
            clients.extend(join_all((0..AT_ONCE.min(count - clients.len())).map(connect)).await);
        }
        let join = async |client: &Client| client.join(server.project.as_str()).await.unwrap().events();
        let streams = join_all(clients.iter().map(join)).await;
        Self::of(clients, streams)
    }

    /// One client with all projects, a stream and a task for each.
    pub(crate) async fn projects(server: &Server) -> Self {
        let client = Client::builder(server.url()).password(USER.0, USER.1).connect().await.unwrap();
        let join = async |project: &String| client.join(project.as_str()).await.unwrap().events();
        let streams = join_all(server.projects.iter().map(join)).await;
        Self::of(vec![client], streams)
    }

    fn of(clients: Vec<Client>, streams: Vec<EventStream>) -> Self {
        let (told, seen) = watch::channel(0);
        let told = Arc::new(told);
        for stream in streams {
            tokio::spawn(read(stream, told.clone()));
        }
        Self { clients, seen, due: 0 }
    }

    /// Publishes this many events in bursts, and waits for each burst; each event arrives `copies` times. Returns CPU
    /// microseconds per event.
    pub(crate) async fn cost(
        &mut self,
        server: &mut Server,
        events: usize,
        burst: usize,
        bytes: usize,
        copies: usize,
    ) -> f64 {
        let cpu = usage::cpu();
        for _ in 0..events / burst {
            server.publish(burst, bytes).await;
            self.due += (burst * copies) as u64;
            let due = self.due;
            self.seen.wait_for(|seen| *seen >= due).await.unwrap();
        }
        assert_eq!(*self.seen.borrow(), self.due, "each event once");
        (usage::cpu() - cpu).as_secs_f64() * 1e6 / (events / burst * burst * copies) as f64
    }

    pub(crate) async fn close(self) {
        join_all(self.clients.iter().map(Client::close)).await;
    }
}

/// Counts in batches, so that counting itself costs little.
async fn read(mut stream: EventStream, told: Arc<watch::Sender<u64>>) {
    while let Ok(batch) = stream.next_batch(256).await
        && !batch.is_empty()
    {
        for event in &batch {
            assert!(matches!(event, Event::ModerationUpdate(_)), "{event:?}");
        }
        told.send_modify(|seen| *seen += batch.len() as u64);
    }
}
