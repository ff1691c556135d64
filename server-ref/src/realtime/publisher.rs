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

use super::feed::Ask;
use super::line::Line;
use super::reads::{Read, Reads};
use super::room;
use super::rooms::{Event, Rooms};
use super::statistics::Statistics;
use crate::Error;
use crate::metrics::{Metrics, Source};
use crate::nodes::{Heard, Link, Message};
use crate::store::{Batch, EventPage, Outgoing, Part, ProjectTotals, Recent, Store};

/// The longest transit of another node's message.
const WAIT: Duration = Duration::from_millis(50);
/// The interval of reads of the newest ids: if other nodes announce their commits, and if they don't.
const LOOK: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(250));
/// Before what could not be read is read again.
const AGAIN: Duration = Duration::from_millis(250);
/// The interval at which projects without members on this node are removed.
const SWEEP: Duration = Duration::from_secs(60);

/// The publisher's inputs.
pub(crate) struct Sources {
    pub(crate) outgoing: mpsc::Receiver<Outgoing>,
    pub(crate) asks: mpsc::Receiver<Ask>,
    /// Other nodes, if there is a Redis to hear them by.
    pub(crate) link: Option<(Link, mpsc::Receiver<Heard>)>,
    /// This node among them.
    pub(crate) node: String,
}

/// Ends when the writer does, or with `kill`: it holds the sockets, and they hold the writer.
pub(crate) fn spawn(io: SocketIo, store: Store, metrics: Arc<Metrics>, sources: Sources, kill: CancellationToken) {
    let Sources { outgoing, asks, link, node } = sources;
    let (link, heard) = link.unzip();
    let now = Instant::now();
    let publisher = Publisher {
        rooms: Rooms { io, metrics },
        node,
        link,
        lines: HashMap::new(),
        holes: HashSet::new(),
        statistics: Statistics::default(),
        refreshed: HashMap::new(),
        reads: Reads::new(store),
        look: Some(now),
        sweep: now + SWEEP,
        flushes: Vec::new(),
    };
    tokio::spawn(async move { kill.run_until_cancelled(publisher.run(outgoing, asks, heard)).await });
}

struct Publisher {
    rooms: Rooms,
    node: String,
    link: Option<Link>,
    /// The projects that somebody here has joined.
    lines: HashMap<Arc<str>, Line<Event>>,
    /// Those in which something may be missing.
    holes: HashSet<Arc<str>>,
    statistics: Statistics,
    /// Projects whose statistics are being read, and whether they have changed since.
    refreshed: HashMap<Arc<str>, bool>,
    reads: Reads,
    /// When the newest ids are looked up; `None`: nobody else writes this database.
    look: Option<Instant>,
    sweep: Instant,
    flushes: Vec<oneshot::Sender<()>>,
}

impl Publisher {
    async fn run(
        mut self,
        mut outgoing: mpsc::Receiver<Outgoing>,
        mut asks: mpsc::Receiver<Ask>,
        mut heard: Option<mpsc::Receiver<Heard>>,
    ) {
        loop {
            let due = self.advance().await;
            tokio::select! {
                () = sleep_until(due) => {}
                read = self.reads.next() => self.was_read(read).await,
                Some(ask) = asks.recv() => self.answer(ask).await,
                heard = hear(&mut heard) => self.hear(heard).await,
                next = outgoing.recv() => match next {
                    Some(Outgoing::Batch(batch)) => self.committed(batch).await,
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
        let mut due = self.sweep;
        let (lines, reads) = (&mut self.lines, &mut self.reads);
        self.holes.retain(|id| {
            let Some(line) = lines.get_mut(id) else {
                return false;
            };
            let Some(at) = line.look(now, if is_up { WAIT } else { Duration::ZERO }) else {
                return false;
            };
            if at > now {
                due = due.min(at);
            } else if reads.has_room()
                && let Some(after) = line.read(now)
            {
                reads.page(id.clone(), after);
                return false;
            }
            true
        });
        if let Some(at) = self.look
            && !self.reads.is_reading_heads()
        {
            if at <= now {
                if !self.lines.is_empty() {
                    self.reads.heads(self.lines.keys().map(|id| id.to_string()).collect());
                }
                self.look = Some(now + if is_up { LOOK.0 } else { LOOK.1 });
            }
            due = self.look.map_or(due, |at| due.min(at));
        }
        if self.sweep <= now {
            self.forget_the_left().await;
            self.sweep = now + SWEEP;
        }
        let flush = !self.flushes.is_empty() && self.holes.is_empty() && !self.reads.is_reading();
        for id in self.statistics.take_due(now, flush) {
            if let Some(payload) = self.statistics.payload(&id) {
                self.rooms.publish_statistics(&id, &payload).await;
            }
        }
        if flush {
            self.flushed();
        }
        self.statistics.due().map_or(due, |at| due.min(at))
    }

    fn flushed(&mut self) {
        for done in self.flushes.drain(..) {
            match &self.link {
                Some(link) if link.is_up() => link.flush(done),
                _ => drop(done.send(())),
            }
        }
    }

    async fn forget_the_left(&mut self) {
        let joined = self.rooms.joined().await;
        for (id, _) in self.lines.extract_if(|id, _| !joined.contains(&room(id))) {
            if let Some(link) = &self.link {
                link.unfollow(&id);
            }
            self.statistics.forget(&id);
        }
    }

    async fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Follow(id, reply) => {
                let line = match self.lines.entry(id) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        if let Some(link) = &self.link {
                            link.follow(entry.key().clone());
                        }
                        entry.insert(Line::default())
                    }
                };
                let _ = reply.send(line.is_started());
            }
            Ask::Start(id, after, reply) => {
                if let Some(line) = self.lines.get_mut(&id) {
                    let ready = line.start(after);
                    self.rooms.publish(&id, ready).await;
                    self.holes.insert(id);
                }
                let _ = reply.send(());
            }
        }
    }

    /// This node's own.
    async fn committed(&mut self, batch: Batch) {
        for (_, recent) in &batch.recent {
            self.rooms.metrics.decided(recent.decision.as_str());
        }
        for (project_id, part) in batch.by_project() {
            if let Some(link) = &self.link {
                link.tell(Message::new(&self.node, &project_id, &part));
            }
            let Part { events, counts, recent } = part;
            let head = events.last().map_or(0, |event| event.event_id);
            let events = events.into_iter().map(|event| (event.event_id, Event::own(event.name, event.data)));
            self.take(&project_id, events, Source::Own).await;
            if let Some(counts) = counts {
                self.decided(project_id, ProjectTotals { head, counts }, recent);
            }
        }
    }

    /// This node committed faster than the rooms could be served. Other nodes find these events in the log, too.
    fn on_missed(&mut self, heads: Vec<(Arc<str>, i64)>) {
        for (project_id, head) in heads {
            if let Some(line) = self.lines.get_mut(&project_id) {
                line.know(head);
                self.holes.insert(project_id.clone());
                self.refresh(project_id);
            }
        }
    }

    async fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Listening | Heard::Gone => self.look = self.look.map(|_| Instant::now()),
            Heard::Message(Message { project_id, events, counts, recent, .. }) => {
                let project_id: Arc<str> = project_id.into();
                let head = events.last().map_or(0, |(id, ..)| *id);
                let events = events.into_iter().map(|(id, name, data)| (id, Event::read(name, data)));
                self.take(&project_id, events, Source::Node).await;
                if let Some(counts) = counts {
                    self.decided(project_id, ProjectTotals { head, counts }, recent);
                }
            }
        }
    }

    async fn take(&mut self, project_id: &Arc<str>, events: impl Iterator<Item = (i64, Event)>, source: Source) {
        let Some(line) = self.lines.get_mut(project_id) else {
            return;
        };
        let mut count = 0;
        let mut ready = Vec::new();
        for (id, event) in events {
            ready.extend(match source {
                Source::Node => line.hear(id, event),
                Source::Own | Source::Log => line.take(id, event),
            });
            count += 1;
        }
        self.rooms.metrics.took(source, count);
        self.rooms.publish(project_id, ready).await;
        self.holes.insert(project_id.clone());
    }

    fn decided(&mut self, project_id: Arc<str>, totals: ProjectTotals, recent: Vec<Recent>) {
        if !self.lines.contains_key(&project_id) {
            return;
        }
        if !self.statistics.knows(&project_id) {
            return self.refresh(project_id);
        }
        for recent in recent {
            self.statistics.activity(&project_id, recent, totals.head);
        }
        self.statistics.counted(project_id, totals, Instant::now());
    }

    /// Reads a project's statistics: once more, if they are being read already.
    fn refresh(&mut self, project_id: Arc<str>) {
        match self.refreshed.entry(project_id) {
            Entry::Occupied(mut entry) => drop(entry.insert(true)),
            Entry::Vacant(entry) => {
                self.reads.statistics(entry.key().clone());
                entry.insert(false);
            }
        }
    }

    async fn was_read(&mut self, read: Read) {
        match read {
            Read::Page(id, after, page) => self.page_was_read(id, after, page).await,
            Read::Heads(Ok(Some(heads))) => {
                for (id, head) in heads {
                    if let Some((id, _)) = self.lines.get_key_value(&*id) {
                        let id = id.clone();
                        self.lines.entry(id.clone()).or_default().know(head);
                        self.holes.insert(id);
                    }
                }
            }
            Read::Heads(Ok(None)) => self.look = None,
            Read::Heads(Err(error)) => tracing::debug!(%error, "the newest ids could not be read"),
            Read::Statistics(id, read) => {
                let again = self.refreshed.remove(&id).unwrap_or_default();
                match read {
                    Ok((totals, recent)) if self.lines.contains_key(&id) => {
                        self.statistics.seed(id.clone(), recent, totals.head);
                        self.statistics.counted(id.clone(), totals, Instant::now());
                    }
                    Ok(_) => {}
                    Err(error) => tracing::debug!(%error, "statistics could not be read"),
                }
                if again {
                    self.refresh(id);
                }
            }
        }
    }

    async fn page_was_read(&mut self, id: Arc<str>, after: i64, page: Result<EventPage, Error>) {
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        let page = match page {
            Ok(page) => page,
            // Without its project there are no more events.
            Err(Error::NotFound(_)) => return,
            Err(error) => {
                tracing::debug!(%error, "missing events could not be read");
                line.was_read(Some(Instant::now() + AGAIN));
                self.holes.insert(id);
                return;
            }
        };
        line.was_read(None);
        line.learn(page.head);
        let mut ready = line.skip_to(page.oldest);
        let first = (after + 1).max(page.oldest);
        let count = page.events.len();
        let mut has_decisions = false;
        for (id, (name, data)) in (first..).zip(page.events) {
            let event = Event::read(name, data);
            has_decisions |= event.is_decision();
            ready.extend(line.take(id, event));
        }
        self.rooms.metrics.took(Source::Log, count);
        self.rooms.publish(&id, ready).await;
        if has_decisions {
            self.refresh(id.clone());
        }
        self.holes.insert(id);
    }
}

async fn hear(heard: &mut Option<mpsc::Receiver<Heard>>) -> Heard {
    let next = match heard {
        Some(heard) => heard.recv().await,
        None => None,
    };
    match next {
        Some(heard) => heard,
        None => std::future::pending().await,
    }
}
