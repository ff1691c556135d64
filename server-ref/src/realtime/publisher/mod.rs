//! The publisher: a task that publishes each project's events in the order of their ids, and statistics in between.
//!
//! It publishes only events of projects that a client of this node has joined. Events come from this node's commits and from other nodes'
//! messages. A missing event is noticed as a hole in the ids, or when the project's newest id is read. The missing event is then read from
//! the log. On PostgreSQL, the newest ids are read periodically, and more often without Redis or while Redis is unreachable.

mod finished_reads;
mod inputs;
mod timed_work;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use socketioxide::SocketIo;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::broadcast::{BroadcastEvent, Broadcaster};
use super::database_reads::DatabaseReads;
use super::publisher_handle::PublisherRequest;
use super::sequencer::Sequencer;
use super::statistics::FollowedProjectsStatistics;
use crate::metrics::Metrics;
use crate::nodes::{LinkEvent, RedisLink};
use crate::store::{PublisherInput, Store};
use timed_work::IDLE_SWEEP_INTERVAL;

/// The channels from which the publisher receives its inputs, and this node's name.
pub(crate) struct PublisherChannels {
    pub(crate) commits: mpsc::Receiver<PublisherInput>,
    pub(crate) requests: mpsc::Receiver<PublisherRequest>,
    /// The link to the other nodes; `None` without Redis.
    pub(crate) link: Option<(RedisLink, mpsc::Receiver<LinkEvent>)>,
    pub(crate) node_name: String,
}

/// Starts the publisher, which ends when the writer ends or `kill` is cancelled.
pub(crate) fn spawn_publisher(
    io: SocketIo,
    store: Store,
    metrics: Arc<Metrics>,
    inputs: PublisherChannels,
    kill: CancellationToken,
) {
    let PublisherChannels { commits, requests, link, node_name } = inputs;
    let (link, link_events) = link.unzip();
    let now = Instant::now();
    let publisher = Publisher {
        broadcaster: Broadcaster { io, metrics },
        node_name,
        link,
        sequencers: HashMap::new(),
        projects_with_holes: HashSet::new(),
        statistics: FollowedProjectsStatistics::default(),
        ongoing_statistics_reads: HashMap::new(),
        reads: DatabaseReads::new(store),
        next_head_poll_at: Some(now),
        published_ids_before_head_poll: HashMap::new(),
        next_idle_sweep_at: now + IDLE_SWEEP_INTERVAL,
        waiting_flushes: Vec::new(),
    };
    tokio::spawn(async move { kill.run_until_cancelled(publisher.run(commits, requests, link_events)).await });
}

struct Publisher {
    broadcaster: Broadcaster,
    node_name: String,
    link: Option<RedisLink>,
    /// The sequencers of the followed projects. The publisher follows the projects that clients of this node have joined.
    sequencers: HashMap<Arc<str>, Sequencer<BroadcastEvent>>,
    /// The projects in which events may be missing.
    projects_with_holes: HashSet<Arc<str>>,
    statistics: FollowedProjectsStatistics,
    /// The projects whose statistics are being read. The value is true if the statistics must be read again afterwards.
    ongoing_statistics_reads: HashMap<Arc<str>, bool>,
    reads: DatabaseReads,
    /// Time of the next read of the newest ids; `None` after the first read on SQLite, where no other process logs events.
    next_head_poll_at: Option<Instant>,
    /// For each project, the id of the last event that was published before the current read of the newest ids started.
    published_ids_before_head_poll: HashMap<Arc<str>, i64>,
    next_idle_sweep_at: Instant,
    waiting_flushes: Vec<oneshot::Sender<()>>,
}

impl Publisher {
    async fn run(
        mut self,
        mut commits: mpsc::Receiver<PublisherInput>,
        mut requests: mpsc::Receiver<PublisherRequest>,
        mut link_events: Option<mpsc::Receiver<LinkEvent>>,
    ) {
        loop {
            let due = self.do_due_work().await;
            tokio::select! {
                () = sleep_until(due) => {}
                read = self.reads.next_finished() => self.on_finished_read(read).await,
                Some(request) = requests.recv() => self.on_request(request).await,
                event = next_link_event(&mut link_events) => self.on_link_event(event).await,
                next = commits.recv() => match next {
                    Some(PublisherInput::Batch(batch)) => self.on_committed(batch).await,
                    Some(PublisherInput::Unqueued(heads)) => self.on_unqueued_commits(heads),
                    Some(PublisherInput::Flush(done)) => self.waiting_flushes.push(done),
                    None => return,
                },
            }
        }
    }
}

async fn next_link_event(link_events: &mut Option<mpsc::Receiver<LinkEvent>>) -> LinkEvent {
    let next = match link_events {
        Some(link_events) => link_events.recv().await,
        None => None,
    };
    match next {
        Some(event) => event,
        None => std::future::pending().await,
    }
}
