//! The SDK's clients in this process, and the cost of their events.

use std::sync::Arc;

use automoderate::{Client, Event, EventStream};
use futures_util::future::join_all;
use tokio::sync::watch;

use crate::child::{MeasuredServer, USER_CREDENTIALS};
use crate::usage;

/// Maximum number of clients that connect at the same time.
const CONCURRENT_CONNECTS: usize = 50;

/// Clients whose streams are read in the background, and the number of events that they received.
pub(crate) struct Readers {
    clients: Vec<Client>,
    received: watch::Receiver<u64>,
    expected: u64,
}

impl Readers {
    /// Connects this many clients, each joined to the first project.
    pub(crate) async fn start_in_one_project(server: &MeasuredServer, count: usize) -> Self {
        let mut clients = Vec::new();
        while clients.len() < count {
            let connect =
                |_| async { Client::builder(server.url()).api_key(server.key.as_str()).connect().await.unwrap() };
            clients.extend(join_all((0..CONCURRENT_CONNECTS.min(count - clients.len())).map(connect)).await);
        }
        let join = async |client: &Client| client.join(server.project.as_str()).await.unwrap().events();
        let streams = join_all(clients.iter().map(join)).await;
        Self::start(clients, streams)
    }

    /// Connects one client and joins it to all projects, each with its own stream and task.
    pub(crate) async fn start_in_all_projects(server: &MeasuredServer) -> Self {
        let client =
            Client::builder(server.url()).password(USER_CREDENTIALS.0, USER_CREDENTIALS.1).connect().await.unwrap();
        let join = async |project: &String| client.join(project.as_str()).await.unwrap().events();
        let streams = join_all(server.projects.iter().map(join)).await;
        Self::start(vec![client], streams)
    }

    /// Starts reading the streams.
    fn start(clients: Vec<Client>, streams: Vec<EventStream>) -> Self {
        let (sender, received) = watch::channel(0);
        let sender = Arc::new(sender);
        for stream in streams {
            tokio::spawn(count_events(stream, sender.clone()));
        }
        Self { clients, received, expected: 0 }
    }

    /// Publishes this many events in bursts, and waits for each burst to arrive before publishing the next. Each event
    /// arrives `copies` times. Returns the CPU time per delivery in microseconds.
    pub(crate) async fn measure_cost(
        &mut self,
        server: &mut MeasuredServer,
        events: usize,
        burst: usize,
        bytes: usize,
        copies: usize,
    ) -> f64 {
        let cpu = usage::process_cpu_time();
        for _ in 0..events / burst {
            server.publish(burst, bytes).await;
            self.expected += (burst * copies) as u64;
            let expected = self.expected;
            self.received.wait_for(|received| *received >= expected).await.unwrap();
        }
        assert_eq!(*self.received.borrow(), self.expected, "an event arrived more than once");
        (usage::process_cpu_time() - cpu).as_secs_f64() * 1e6 / (events / burst * burst * copies) as f64
    }

    pub(crate) async fn close(self) {
        join_all(self.clients.iter().map(Client::close)).await;
    }
}

/// Counts the events of a stream, in batches so that counting costs little.
async fn count_events(mut stream: EventStream, received: Arc<watch::Sender<u64>>) {
    while let Ok(batch) = stream.next_batch(256).await
        && !batch.is_empty()
    {
        for event in &batch {
            assert!(matches!(event, Event::ModerationUpdate(_)), "{event:?}");
        }
        received.send_modify(|count| *count += batch.len() as u64);
    }
}
