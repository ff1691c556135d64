//! Metrics of the whole server for `/metrics`, in the OpenMetrics format that Prometheus reads. No label contains a project, a user or
//! an address.

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};

/// The metrics of a running server.
pub(crate) struct Metrics {
    registry: Registry,
    sockets: Gauge,
    nodes: Gauge,
    database_up: Gauge,
    redis_up: Gauge,
    messages_untold: Counter,
    messages_unheard: Counter,
    messages_unauthenticated: Counter,
    event_sources: Family<SourceLabels, Counter>,
    events: Family<EventLabels, Counter>,
    contents: Family<StatusLabels, Counter>,
    refusals: Family<CodeLabels, Counter>,
    requests: Family<RequestLabels, Histogram, fn() -> Histogram>,
    commits: Histogram,
    commit_changes: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    event: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

/// The source from which the publisher received an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A commit of this node.
    Own,
    /// A message of another node.
    Node,
    /// The event log, because no message with the event arrived.
    Log,
}

impl Metrics {
    /// Registers all metrics except those about Redis. `docs/operations.md` documents their names, labels and meanings.
    pub(crate) fn new() -> Self {
        let registry = &mut Registry::with_prefix("automoderate");
        let seconds: fn() -> Histogram = || Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        registry.register("server", "The server's version", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        let metrics = Self {
            sockets: declare(registry, "sockets", "Connected sockets", Gauge::default()),
            nodes: declare(registry, "nodes", "Nodes on this database, including this one", Gauge::default()),
            database_up: declare(registry, "database_up", "1 if the database answers", Gauge::default()),
            events: declare(registry, "events", "Events published to rooms", Family::default()),
            event_sources: declare(
                registry,
                "event_sources",
                "Events of followed projects, by their source",
                Family::default(),
            ),
            contents: declare(registry, "contents", "Items, by their decision", Family::default()),
            refusals: declare(registry, "refusals", "Refused requests of sockets, by their code", Family::default()),
            requests: declare_seconds(
                registry,
                "request",
                "From the head of a request to its answer",
                Family::new_with_constructor(seconds),
            ),
            commits: declare_seconds(registry, "commit", "Transactions of the writer, including the sync", seconds()),
            commit_changes: declare(
                registry,
                "commit_changes",
                "Changes that shared a transaction",
                Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            ),
            redis_up: Gauge::default(),
            messages_untold: Counter::default(),
            messages_unheard: Counter::default(),
            messages_unauthenticated: Counter::default(),
            registry: std::mem::take(registry),
        };
        metrics.nodes.set(1);
        metrics.database_up.set(1);
        metrics
    }

    /// Registers the metrics about Redis. They are absent without Redis, because their values would fire alerts.
    pub(crate) fn with_redis(mut self) -> Self {
        let registry = &mut self.registry;
        self.redis_up = declare(registry, "redis_up", "1 if Redis answers", Gauge::default());
        self.messages_untold = declare(
            registry,
            "node_messages_untold",
            "Commits without a message to the other nodes, which read them from the database",
            Counter::default(),
        );
        self.messages_unheard = declare(
            registry,
            "node_messages_unheard",
            "Messages of other nodes that arrived too fast or could not be read",
            Counter::default(),
        );
        self.messages_unauthenticated = declare(
            registry,
            "node_messages_unauthenticated",
            "Dropped messages from Redis that no node of this database and version sent",
            Counter::default(),
        );
        self
    }

    pub(crate) fn set_redis_up(&self, is_up: bool) {
        self.redis_up.set(is_up.into());
    }

    pub(crate) fn set_database_up(&self, is_up: bool) {
        self.database_up.set(is_up.into());
    }

    pub(crate) fn set_nodes(&self, count: usize) {
        self.nodes.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn on_message_untold(&self) {
        self.messages_untold.inc();
    }

    pub(crate) fn on_message_unheard(&self) {
        self.messages_unheard.inc();
    }

    pub(crate) fn on_message_unauthenticated(&self) {
        self.messages_unauthenticated.inc();
    }

    pub(crate) fn on_events_received(&self, source: Source, events: usize) {
        let source = match source {
            Source::Own => "own",
            Source::Node => "node",
            Source::Log => "log",
        };
        if events > 0 {
            self.event_sources.get_or_create(&SourceLabels { source }).inc_by(events as u64);
        }
    }

    /// Returns all metrics as text for `/metrics`.
    ///
    /// # Errors
    /// Returns an error if formatting fails, which does not happen with a `String`.
    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    pub(crate) fn on_socket_connected(&self) {
        self.sockets.inc();
    }

    pub(crate) fn on_socket_disconnected(&self) {
        self.sockets.dec();
    }

    pub(crate) fn on_event_published(&self, event: &'static str) {
        self.events.get_or_create(&EventLabels { event }).inc();
    }

    pub(crate) fn on_item_decided(&self, status: &'static str) {
        self.contents.get_or_create(&StatusLabels { status }).inc();
    }

    pub(crate) fn on_request_refused(&self, code: &'static str) {
        self.refusals.get_or_create(&CodeLabels { code }).inc();
    }

    /// Records a response. `route` is the pattern of the path, not the path itself.
    pub(crate) fn on_request_answered(&self, method: &Method, route: &str, status: StatusCode, time: Duration) {
        // Clients can invent methods, and each one would create a time series.
        let method = if KNOWN_METHODS.contains(method) { method.to_string() } else { "other".to_owned() };
        let request = RequestLabels { method, route: route.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&request).observe(time.as_secs_f64());
    }

    pub(crate) fn on_committed(&self, changes: usize, time: Duration) {
        self.commits.observe(time.as_secs_f64());
        self.commit_changes.observe(changes as f64);
    }
}

/// Registers a metric under a name, to which the registry adds the prefix `automoderate_`.
fn declare<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

/// Registers a metric in seconds under a name, to which the registry adds the prefix `automoderate_` and the suffix `_seconds`.
fn declare_seconds<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register_with_unit(name, help, Unit::Seconds, metric.clone());
    metric
}

/// HTTP methods with their own label value. All other methods share the value `other`.
const KNOWN_METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use regex::Regex;

    use super::*;

    fn file(path: &str) -> String {
        std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// Returns the registered metrics with their labels, in the notation of `docs/operations.md`.
    fn declared() -> BTreeSet<String> {
        let metrics = Metrics::new().with_redis();
        metrics.on_events_received(Source::Own, 1);
        metrics.on_event_published("moderation_update");
        metrics.on_item_decided("approved");
        metrics.on_request_refused("rate_limited");
        metrics.on_request_answered(&Method::GET, "/ready", StatusCode::OK, Duration::ZERO);
        metrics.on_committed(1, Duration::ZERO);
        let sample = Regex::new(r"^automoderate_([a-z_]+?)(?:_bucket|_count|_sum)?(?:\{(.*)\})? \S+$").unwrap();
        let label = Regex::new(r#"([a-z]+)=""#).unwrap();
        let text = metrics.encode().unwrap();
        let samples = text.lines().filter_map(|line| sample.captures(line));
        let name = |sample: regex::Captures<'_>| {
            let labels = label.captures_iter(sample.get(2).map_or("", |labels| labels.as_str()));
            let labels: Vec<_> = labels.map(|label| label[1].to_owned()).filter(|label| label != "le").collect();
            if labels.is_empty() { sample[1].to_owned() } else { format!("{}{{{}}}", &sample[1], labels.join(",")) }
        };
        samples.map(name).collect()
    }

    #[test]
    fn the_documentation_lists_each_metric_with_its_labels() {
        let operations = file("../docs/operations.md");
        let table = operations.split("| metric (`automoderate_…`)").nth(1).unwrap().split("\n\n").next().unwrap();
        let name = Regex::new("`([^`]+)`").unwrap();
        let first_cells = table.lines().skip(2).filter_map(|row| row.split('|').nth(1));
        let documented: BTreeSet<String> =
            first_cells.flat_map(|cell| name.captures_iter(cell).map(|name| name[1].to_owned())).collect();
        assert_eq!(documented, declared());
    }

    #[test]
    fn alerts_use_declared_metrics() {
        let declared: BTreeSet<String> =
            declared().iter().map(|metric| metric.split('{').next().unwrap().to_owned()).collect();
        let used = Regex::new(r"\bautomoderate_([a-z_]+?)(?:_bucket|_count|_sum)?\b").unwrap();
        for path in ["deploy/alerts.yml", "deploy/alerts_test.yml"] {
            for metric in used.captures_iter(&file(path)) {
                assert!(declared.contains(&metric[1]), "{path}: {}", &metric[1]);
            }
        }
    }
}
