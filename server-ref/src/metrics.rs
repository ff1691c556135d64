//! Metrics of this node for `/metrics`, in the OpenMetrics format that Prometheus reads. No label names a project, a user or an address.

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
    unannounced_commits: Counter,
    dropped_node_messages: Counter,
    unauthenticated_node_messages: Counter,
    events_received: Family<EventSourceLabels, Counter>,
    events_published: Family<EventLabels, Counter>,
    items_decided: Family<ItemStatusLabels, Counter>,
    socket_requests_refused: Family<ErrorCodeLabels, Counter>,
    request_seconds: Family<RequestLabels, Histogram, fn() -> Histogram>,
    commit_seconds: Histogram,
    changes_per_commit: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    event: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventSourceLabels {
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ItemStatusLabels {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorCodeLabels {
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
pub(crate) enum EventSource {
    /// A commit by this node.
    ThisNode,
    /// A message from another node.
    OtherNode,
    /// The event log, from which the publisher reads events that it did not receive in any other way.
    Log,
}

impl Metrics {
    /// Registers all metrics except those about Redis. `docs/operations.md` documents their names, labels and meanings.
    pub(crate) fn new() -> Self {
        let registry = &mut Registry::with_prefix("automoderate");
        let seconds: fn() -> Histogram = || Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        registry.register("server", "Version of the server", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        let metrics = Self {
            sockets: declare(registry, "sockets", "Connected sockets", Gauge::default()),
            nodes: declare(registry, "nodes", "Nodes on this database, including this one", Gauge::default()),
            database_up: declare(registry, "database_up", "1 if the database answers", Gauge::default()),
            events_published: declare(registry, "events", "Events published to rooms", Family::default()),
            events_received: declare(registry, "event_sources", "Events received, by source", Family::default()),
            items_decided: declare(registry, "contents", "Items, by decision", Family::default()),
            socket_requests_refused: declare(
                registry,
                "refusals",
                "Refused socket requests, by error code",
                Family::default(),
            ),
            request_seconds: declare_seconds(
                registry,
                "request",
                "Time from the end of a request's headers to its response",
                Family::new_with_constructor(seconds),
            ),
            commit_seconds: declare_seconds(registry, "commit", "Duration of a commit, including the sync", seconds()),
            changes_per_commit: declare(
                registry,
                "commit_changes",
                "Changes per transaction",
                Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            ),
            redis_up: Gauge::default(),
            unannounced_commits: Counter::default(),
            dropped_node_messages: Counter::default(),
            unauthenticated_node_messages: Counter::default(),
            registry: std::mem::take(registry),
        };
        metrics.nodes.set(1);
        metrics.database_up.set(1);
        metrics
    }

    /// Registers the metrics about Redis. Without Redis, they are not registered, because their values would trigger alerts.
    pub(crate) fn with_redis(mut self) -> Self {
        let registry = &mut self.registry;
        self.redis_up = declare(registry, "redis_up", "1 if Redis answers", Gauge::default());
        self.unannounced_commits = declare(
            registry,
            "node_messages_untold",
            "Commits that were not announced to the other nodes, which read them from the database",
            Counter::default(),
        );
        self.dropped_node_messages = declare(
            registry,
            "node_messages_unheard",
            "Messages from other nodes that arrived too fast or could not be decoded",
            Counter::default(),
        );
        self.unauthenticated_node_messages = declare(
            registry,
            "node_messages_unauthenticated",
            "Dropped messages from Redis that no node with this database and version sent",
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

    pub(crate) fn on_commit_unannounced(&self) {
        self.unannounced_commits.inc();
    }

    pub(crate) fn on_node_message_dropped(&self) {
        self.dropped_node_messages.inc();
    }

    pub(crate) fn on_node_message_unauthenticated(&self) {
        self.unauthenticated_node_messages.inc();
    }

    pub(crate) fn on_events_received(&self, source: EventSource, events: usize) {
        let source = match source {
            EventSource::ThisNode => "own",
            EventSource::OtherNode => "node",
            EventSource::Log => "log",
        };
        if events > 0 {
            self.events_received.get_or_create(&EventSourceLabels { source }).inc_by(events as u64);
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
        self.events_published.get_or_create(&EventLabels { event }).inc();
    }

    pub(crate) fn on_item_decided(&self, status: &'static str) {
        self.items_decided.get_or_create(&ItemStatusLabels { status }).inc();
    }

    pub(crate) fn on_socket_request_refused(&self, code: &'static str) {
        self.socket_requests_refused.get_or_create(&ErrorCodeLabels { code }).inc();
    }

    /// Records a response. `route` is the route's pattern, not the path of the request.
    pub(crate) fn on_request_answered(&self, method: &Method, route: &str, status: StatusCode, time: Duration) {
        // Clients can invent methods, and each invented method would create a time series.
        let method = if KNOWN_METHODS.contains(method) { method.to_string() } else { "other".to_owned() };
        let request = RequestLabels { method, route: route.to_owned(), status: status.as_u16() };
        self.request_seconds.get_or_create(&request).observe(time.as_secs_f64());
    }

    pub(crate) fn on_committed(&self, changes: usize, time: Duration) {
        self.commit_seconds.observe(time.as_secs_f64());
        self.changes_per_commit.observe(changes as f64);
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

/// HTTP methods that each have their own label value. All other methods share the value `other`.
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

    fn read_file(path: &str) -> String {
        std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// Returns the registered metrics with their labels, in the notation of `docs/operations.md`.
    fn declared_metrics() -> BTreeSet<String> {
        let metrics = Metrics::new().with_redis();
        metrics.on_events_received(EventSource::ThisNode, 1);
        metrics.on_event_published("moderation_update");
        metrics.on_item_decided("approved");
        metrics.on_socket_request_refused("rate_limited");
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
        let operations = read_file("../docs/operations.md");
        let table = operations.split("| metric (`automoderate_…`)").nth(1).unwrap().split("\n\n").next().unwrap();
        let name = Regex::new("`([^`]+)`").unwrap();
        let first_cells = table.lines().skip(2).filter_map(|row| row.split('|').nth(1));
        let documented: BTreeSet<String> =
            first_cells.flat_map(|cell| name.captures_iter(cell).map(|name| name[1].to_owned())).collect();
        assert_eq!(documented, declared_metrics());
    }

    #[test]
    fn alerts_use_declared_metrics() {
        let declared: BTreeSet<String> =
            declared_metrics().iter().map(|metric| metric.split('{').next().unwrap().to_owned()).collect();
        let used = Regex::new(r"\bautomoderate_([a-z_]+?)(?:_bucket|_count|_sum)?\b").unwrap();
        for path in ["deploy/alerts.yml", "deploy/alerts_test.yml"] {
            for metric in used.captures_iter(&read_file(path)) {
                assert!(declared.contains(&metric[1]), "{path}: {}", &metric[1]);
            }
        }
    }
}
