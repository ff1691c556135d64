//! The one task that publishes: each project's events in the order of their ids, statistics in between.
//!
//! Only projects that somebody on this node has joined are published. Their events come from this node's commits, from other
//! nodes' messages, and, when one of those did not come, from the log: a hole in the ids tells, or the project's newest id, which is
//! looked up now and then; often when there is no Redis.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use socketioxide::SocketIo;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::broadcast::{BroadcastEvent, Broadcaster};
use super::database_reads::{DatabaseReads, FinishedRead};
use super::project_room;
use super::publisher_handle::PublisherRequest;
use super::sequencer::Sequencer;
use super::statistics::Statistics;
use crate::Error;
use crate::metrics::{Metrics, Source};
use crate::nodes::{CommitMessage, Link, LinkEvent};
use crate::store::{Batch, EventPage, Outgoing, Part, ProjectTotals, Recent, Store};

/// The longest transit of another node's message.
const REDIS_GRACE: Duration = Duration::from_millis(50);
/// The interval of reads of the newest ids: if other nodes announce their commits, and if they don't.
const HEAD_POLL_INTERVAL_WITH_REDIS: Duration = Duration::from_secs(2);
const HEAD_POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Before what could not be read is read again.
const READ_RETRY_DELAY: Duration = Duration::from_millis(250);
/// The interval at which projects without members on this node are removed.
const IDLE_SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// The publisher's inputs.
pub(crate) struct PublisherInputs {
    pub(crate) outgoing: mpsc::Receiver<Outgoing>,
    pub(crate) requests: mpsc::Receiver<PublisherRequest>,
    /// Other nodes, if there is a Redis to hear them by.
    pub(crate) link: Option<(Link, mpsc::Receiver<LinkEvent>)>,
    /// This node among them.
    pub(crate) node: String,
}

/// Ends when the writer does, or with `kill`: it holds the sockets, and they hold the writer.
pub(crate) fn spawn(
    io: SocketIo,
    store: Store,
    metrics: Arc<Metrics>,
    sources: PublisherInputs,
    kill: CancellationToken,
) {
    let PublisherInputs { outgoing, requests, link, node } = sources;
    let (link, link_events) = link.unzip();
    let now = Instant::now();
    let publisher = Publisher {
        broadcaster: Broadcaster { io, metrics },
        node,
        link,
        sequencers: HashMap::new(),
        holes: HashSet::new(),
        statistics: Statistics::default(),
        statistics_reads: HashMap::new(),
        reads: DatabaseReads::new(store),
        next_head_poll: Some(now),
        next_sweep: now + IDLE_SWEEP_INTERVAL,
        flushes: Vec::new(),
    };
    tokio::spawn(async move { kill.run_until_cancelled(publisher.run(outgoing, requests, link_events)).await });
}

struct Publisher {
    broadcaster: Broadcaster,
    node: String,
    link: Option<Link>,
    /// The projects that somebody here has joined.
    sequencers: HashMap<Arc<str>, Sequencer<BroadcastEvent>>,
    /// Those in which something may be missing.
    holes: HashSet<Arc<str>>,
    statistics: Statistics,
    /// Projects whose statistics are being read, and whether they have changed since.
    statistics_reads: HashMap<Arc<str>, bool>,
    reads: DatabaseReads,
    /// When the newest ids are looked up; `None`: nobody else writes this database.
    next_head_poll: Option<Instant>,
    next_sweep: Instant,
    flushes: Vec<oneshot::Sender<()>>,
}

impl Publisher {
    async fn run(
        mut self,
        mut outgoing: mpsc::Receiver<Outgoing>,
        mut requests: mpsc::Receiver<PublisherRequest>,
        mut link_events: Option<mpsc::Receiver<LinkEvent>>,
    ) {
        loop {
            let due = self.advance().await;
            tokio::select! {
                () = sleep_until(due) => {}
                read = self.reads.next() => self.on_read(read).await,
                Some(request) = requests.recv() => self.on_request(request).await,
                event = next_link_event(&mut link_events) => self.on_link_event(event).await,
                next = outgoing.recv() => match next {
                    Some(Outgoing::Batch(batch)) => self.on_committed(batch).await,
                    Some(Outgoing::Missed(heads)) => self.on_missed(heads),
                    Some(Outgoing::Flush(done)) => self.flushes.push(done),
                    None => return,
                },
            }
        }
    }

    /// Does what is due, and says when something will be.
    async fn advance(&mut self) -> Instant {
        let now = Instant::now();
        let is_up = self.link.as_ref().is_some_and(Link::is_up);
        let mut due = self.next_sweep;
        let (sequencers, reads) = (&mut self.sequencers, &mut self.reads);
        self.holes.retain(|id| {
            let Some(sequencer) = sequencers.get_mut(id) else {
                return false;
            };
            let Some(at) = sequencer.next_read(now, if is_up { REDIS_GRACE } else { Duration::ZERO }) else {
                return false;
            };
            if at > now {
                due = due.min(at);
            } else if reads.has_room()
                && let Some(after) = sequencer.start_read(now)
            {
                reads.start_page(id.clone(), after);
                return false;
            }
            true
        });
        if let Some(at) = self.next_head_poll
            && !self.reads.is_reading_heads()
        {
            if at <= now {
                if !self.sequencers.is_empty() {
                    self.reads.start_heads(self.sequencers.keys().map(|id| id.to_string()).collect());
                }
                self.next_head_poll =
                    Some(now + if is_up { HEAD_POLL_INTERVAL_WITH_REDIS } else { HEAD_POLL_INTERVAL });
            }
            due = self.next_head_poll.map_or(due, |at| due.min(at));
        }
        if self.next_sweep <= now {
            self.drop_idle_projects().await;
            self.next_sweep = now + IDLE_SWEEP_INTERVAL;
        }
        let flush = !self.flushes.is_empty() && self.holes.is_empty() && !self.reads.is_reading();
        for id in self.statistics.take_due(now, flush) {
            if let Some(payload) = self.statistics.payload(&id) {
                self.broadcaster.publish_statistics(&id, &payload).await;
            }
        }
        if flush {
            self.answer_flushes();
        }
        self.statistics.due().map_or(due, |at| due.min(at))
    }

    fn answer_flushes(&mut self) {
        for done in self.flushes.drain(..) {
            match &self.link {
                Some(link) if link.is_up() => link.flush(done),
                _ => drop(done.send(())),
            }
        }
    }

    async fn drop_idle_projects(&mut self) {
        let occupied = self.broadcaster.occupied_rooms().await;
        for (id, _) in self.sequencers.extract_if(|id, _| !occupied.contains(&project_room(id))) {
            if let Some(link) = &self.link {
                link.unsubscribe(&id);
            }
            self.statistics.forget(&id);
        }
    }

    async fn on_request(&mut self, request: PublisherRequest) {
        match request {
            PublisherRequest::Follow(id, reply) => {
                let sequencer = match self.sequencers.entry(id) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        if let Some(link) = &self.link {
                            link.subscribe(entry.key().clone());
                        }
                        entry.insert(Sequencer::default())
                    }
                };
                let _ = reply.send(sequencer.is_started());
            }
            PublisherRequest::Start(id, after, reply) => {
                if let Some(sequencer) = self.sequencers.get_mut(&id) {
                    let ready = sequencer.start(after);
                    self.broadcaster.publish(&id, ready).await;
                    self.holes.insert(id);
                }
                let _ = reply.send(());
            }
        }
    }

    /// This node's own.
    async fn on_committed(&mut self, batch: Batch) {
        for (_, recent) in &batch.recent {
            self.broadcaster.metrics.decided(recent.decision.as_str());
        }
        for (project_id, part) in batch.by_project() {
            if let Some(link) = &self.link {
                link.announce(CommitMessage::new(&self.node, &project_id, &part));
            }
            let Part { events, counts, recent } = part;
            let head = events.last().map_or(0, |event| event.event_id);
            let events = events
                .into_iter()
                .map(|event| (event.event_id, BroadcastEvent::committed_here(event.name, event.data)));
            self.sequence(&project_id, events, Source::Own).await;
            if let Some(counts) = counts {
                self.on_decisions(project_id, ProjectTotals { head, counts }, recent);
            }
        }
    }

    /// This node committed faster than the publisher could send. Other nodes find these events in the log, too.
    fn on_missed(&mut self, heads: Vec<(Arc<str>, i64)>) {
        for (project_id, head) in heads {
            if let Some(sequencer) = self.sequencers.get_mut(&project_id) {
                sequencer.raise_head(head);
                self.holes.insert(project_id.clone());
                self.read_statistics(project_id);
            }
        }
    }

    async fn on_link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Subscribed | LinkEvent::Disconnected => {
                self.next_head_poll = self.next_head_poll.map(|_| Instant::now())
            }
            LinkEvent::Message(CommitMessage { project_id, events, counts, recent, .. }) => {
                let project_id: Arc<str> = project_id.into();
                let head = events.last().map_or(0, |(id, ..)| *id);
                let events = events.into_iter().map(|(id, name, data)| (id, BroadcastEvent::received(name, data)));
                self.sequence(&project_id, events, Source::Node).await;
                if let Some(counts) = counts {
                    self.on_decisions(project_id, ProjectTotals { head, counts }, recent);
                }
            }
        }
    }

    async fn sequence(
        &mut self,
        project_id: &Arc<str>,
        events: impl Iterator<Item = (i64, BroadcastEvent)>,
        source: Source,
    ) {
        let Some(sequencer) = self.sequencers.get_mut(project_id) else {
            return;
        };
        let mut count = 0;
        let mut ready = Vec::new();
        for (id, event) in events {
            ready.extend(match source {
                Source::Node => sequencer.push_announced(id, event),
                Source::Own | Source::Log => sequencer.push_logged(id, event),
            });
            count += 1;
        }
        self.broadcaster.metrics.took(source, count);
        self.broadcaster.publish(project_id, ready).await;
        self.holes.insert(project_id.clone());
    }

    fn on_decisions(&mut self, project_id: Arc<str>, totals: ProjectTotals, recent: Vec<Recent>) {
        if !self.sequencers.contains_key(&project_id) {
            return;
        }
        if !self.statistics.knows(&project_id) {
            return self.read_statistics(project_id);
        }
        for recent in recent {
            self.statistics.add_activity(&project_id, recent, totals.head);
        }
        self.statistics.set_totals(project_id, totals, Instant::now());
    }

    /// Reads a project's statistics: once more, if they are being read already.
    fn read_statistics(&mut self, project_id: Arc<str>) {
        match self.statistics_reads.entry(project_id) {
            Entry::Occupied(mut entry) => drop(entry.insert(true)),
            Entry::Vacant(entry) => {
                self.reads.start_statistics(entry.key().clone());
                entry.insert(false);
            }
        }
    }

    async fn on_read(&mut self, read: FinishedRead) {
        match read {
            FinishedRead::Page(id, after, page) => self.on_page(id, after, page).await,
            FinishedRead::Heads(Ok(Some(heads))) => {
                for (id, head) in heads {
                    if let Some((id, _)) = self.sequencers.get_key_value(&*id) {
                        let id = id.clone();
                        self.sequencers.entry(id.clone()).or_default().raise_head(head);
                        self.holes.insert(id);
                    }
                }
            }
            FinishedRead::Heads(Ok(None)) => self.next_head_poll = None,
            FinishedRead::Heads(Err(error)) => tracing::debug!(%error, "the newest ids could not be read"),
            FinishedRead::Statistics(id, read) => {
                let again = self.statistics_reads.remove(&id).unwrap_or_default();
                match read {
                    Ok((totals, recent)) if self.sequencers.contains_key(&id) => {
                        self.statistics.seed(id.clone(), recent, totals.head);
                        self.statistics.set_totals(id.clone(), totals, Instant::now());
                    }
                    Ok(_) => {}
                    Err(error) => tracing::debug!(%error, "statistics could not be read"),
                }
                if again {
                    self.read_statistics(id);
                }
            }
        }
    }

    async fn on_page(&mut self, id: Arc<str>, after: i64, page: Result<EventPage, Error>) {
        let Some(sequencer) = self.sequencers.get_mut(&id) else {
            return;
        };
        let page = match page {
            Ok(page) => page,
            // Without its project there are no more events.
            Err(Error::NotFound(_)) => return,
            Err(error) => {
                tracing::debug!(%error, "missing events could not be read");
                sequencer.end_read(Some(Instant::now() + READ_RETRY_DELAY));
                self.holes.insert(id);
                return;
            }
        };
        sequencer.end_read(None);
        sequencer.on_log_head(page.head);
        let mut ready = sequencer.skip_to(page.oldest);
        let first = (after + 1).max(page.oldest);
        let count = page.events.len();
        let mut has_decisions = false;
        for (id, (name, data)) in (first..).zip(page.events) {
            let event = BroadcastEvent::received(name, data);
            has_decisions |= event.is_decision();
            ready.extend(sequencer.push_logged(id, event));
        }
        self.broadcaster.metrics.took(Source::Log, count);
        self.broadcaster.publish(&id, ready).await;
        if has_decisions {
            self.read_statistics(id.clone());
        }
        self.holes.insert(id);
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
