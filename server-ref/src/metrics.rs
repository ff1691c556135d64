//! The metrics of `/metrics`: counts and times of the whole server, in the OpenMetrics format that Prometheus reads. No
//! label names a project, a user or an address.

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// Counters of a running server.
pub(crate) struct Metrics {
    registry: Registry,
    sockets: Gauge,
    nodes: Gauge,
    redis: Gauge,
    database: Gauge,
    untold: Counter,
    unheard: Counter,
    unauthenticated: Counter,
    sources: Family<Taken, Counter>,
    events: Family<Event, Counter>,
    contents: Family<DecisionLabel, Counter>,
    refusals: Family<Refusal, Counter>,
    requests: Family<Request, Histogram, fn() -> Histogram>,
    commits: Histogram,
    groups: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Event {
    event: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Taken {
    source: &'static str,
}

/// The source of an event that is published here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// This node committed it.
    Own,
    /// Another node reported it.
    Node,
    /// It was missing, and read from the database.
    Log,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabel {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("automoderate");
        let seconds: fn() -> Histogram = || Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        let metrics = Self {
            sockets: Gauge::default(),
            nodes: Gauge::default(),
            redis: Gauge::default(),
            database: Gauge::default(),
            untold: Counter::default(),
            unheard: Counter::default(),
            unauthenticated: Counter::default(),
            sources: Family::default(),
            events: Family::default(),
            contents: Family::default(),
            refusals: Family::default(),
            requests: Family::new_with_constructor(seconds),
            commits: seconds(),
            groups: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            registry: Registry::default(),
        };
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("server", "Which server this is", version);
        registry.register("sockets", "Connected sockets", metrics.sockets.clone());
        metrics.nodes.set(1);
        metrics.database.set(1);
        registry.register(
            "nodes",
            "Nodes on this database that were heard of lately, with this one",
            metrics.nodes.clone(),
        );
        registry.register("database_up", "Whether the database answers", metrics.database.clone());
        registry.register("events", "Events published to rooms", metrics.events.clone());
        registry.register(
            "event_sources",
            "Events of followed projects, by where they came from",
            metrics.sources.clone(),
        );
        registry.register("contents", "Contents decided, by the decision", metrics.contents.clone());
        registry.register(
            "refusals",
            "Requests of sockets that were refused, by the code told",
            metrics.refusals.clone(),
        );
        let help = "From the head of a request to its answer";
        registry.register_with_unit("request", help, Unit::Seconds, metrics.requests.clone());
        let help = "Transactions of the writer, with their sync";
        registry.register_with_unit("commit", help, Unit::Seconds, metrics.commits.clone());
        registry.register("commit_changes", "Changes that shared a transaction", metrics.groups.clone());
        Self { registry, ..metrics }
    }

    /// Registers the metrics of Redis; without Redis they would raise alarms.
    pub(crate) fn with_redis(mut self) -> Self {
        let registry = &mut self.registry;

        registry.register("redis_up", "Whether Redis answers", self.redis.clone());
        registry.register(
            "node_messages_untold",
            "Commits that other nodes were not told of, and read from the database",
            self.untold.clone(),
        );
        registry.register(
            "node_messages_unheard",
            "Messages of other nodes that came too fast or were not understood",
            self.unheard.clone(),
        );
        registry.register(
            "node_messages_unauthenticated",
            "Messages from Redis that no node of this database and version sent, and which were dropped",
            self.unauthenticated.clone(),
        );
        self
    }

    pub(crate) fn redis(&self, is_up: bool) {
        self.redis.set(is_up.into());
    }

    pub(crate) fn database(&self, is_up: bool) {
        self.database.set(is_up.into());
    }

    pub(crate) fn nodes(&self, count: usize) {
        self.nodes.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn untold(&self) {
        self.untold.inc();
    }

    pub(crate) fn unheard(&self) {
        self.unheard.inc();
    }

    pub(crate) fn unauthenticated(&self) {
        self.unauthenticated.inc();
    }

    pub(crate) fn took(&self, source: Source, events: usize) {
        let source = match source {
            Source::Own => "own",
            Source::Node => "node",
            Source::Log => "log",
        };
        if events > 0 {
            self.sources.get_or_create(&Taken { source }).inc_by(events as u64);
        }
    }

    /// The text for `/metrics`.
    ///
    /// # Errors
    /// Writing to a string does not fail.
    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    pub(crate) fn connected(&self) {
        self.sockets.inc();
    }

    pub(crate) fn disconnected(&self) {
        self.sockets.dec();
    }

    pub(crate) fn published(&self, event: &'static str) {
        self.events.get_or_create(&Event { event }).inc();
    }

    pub(crate) fn decided(&self, status: &'static str) {
        self.contents.get_or_create(&DecisionLabel { status }).inc();
    }

    pub(crate) fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&Refusal { code }).inc();
    }

    /// `route`: the pattern, not the path.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode, time: Duration) {
        // Other methods are invented by clients, and could be unlimited in number.
        let method = if KNOWN.contains(method) { method.to_string() } else { "other".to_owned() };
        let request = Request { method, route: route.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&request).observe(time.as_secs_f64());
    }

    pub(crate) fn committed(&self, changes: usize, time: Duration) {
        self.commits.observe(time.as_secs_f64());
        self.groups.observe(changes as f64);
    }
}

const KNOWN: [Method; 7] =
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
