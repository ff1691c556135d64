//! Log records of the SDK, for languages with their own logging.

use std::fmt::{self, Write as _};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
    subscriber::Interest,
};

/// Log record of the SDK. It never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogRecord {
    /// Severity.
    pub level: LogLevel,
    /// Module of the SDK: `client`, `session` or `driver`.
    pub topic: String,
    /// Message for people, followed by `name=value` for each field.
    pub message: String,
}

/// Severity of a [`LogRecord`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For troubleshooting.
    Debug,
    /// Normal operation.
    Info,
    /// A problem from which the SDK is recovering.
    Warning,
    /// A problem from which the SDK can't recover.
    Error,
}

/// Forwards the SDK's log records to a function; returns `false` if this copy of the SDK already has a listener.
///
/// For bindings, which have their own copy of the SDK: in a Rust program this would replace the program's `tracing`
/// subscriber. The SDK's threads call the function while they work, so it must be quick, must not block, and must not
/// call the SDK. Records are few; none is written per event.
pub fn forward_logs(listener: impl Fn(LogRecord) + Send + Sync + 'static) -> bool {
    tracing::subscriber::set_global_default(Forward(listener)).is_ok()
}

/// Subscriber that forwards events and ignores spans.
struct Forward<F>(F);

fn ours(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::DEBUG
        && metadata.is_event()
        && metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"))
}

impl<F: Fn(LogRecord) + Send + Sync + 'static> Subscriber for Forward<F> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Called once per call site: uninteresting ones then cost one comparison.
        if ours(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        ours(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let level = match *metadata.level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warning,
            Level::INFO => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        let mut text = Text::default();
        event.record(&mut text);
        // The first part is the crate; parts after the second are implementation details.
        let topic = metadata.target().split("::").nth(1).unwrap_or_default().to_owned();
        (self.0)(LogRecord { level, topic, message: text.message + &text.fields });
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn messages_are_the_sentence_and_what_it_is_about() {
        let heard: Arc<Mutex<Vec<LogRecord>>> = Arc::default();
        let sink = heard.clone();
        let forward = Forward(move |record| sink.lock().unwrap().push(record));
        tracing::subscriber::with_default(forward, || {
            tracing::warn!(project = "p", attempt = 2, "again in {} s", 1.5);
            tracing::trace!("too fine");
            tracing::info!(target: "hyper::client", "somebody else's");
            let _entered = tracing::info_span!("span").entered();
            tracing::debug!(target: "automoderate::session::machine", reason = %"late", "refused");
        });
        let record =
            |level, topic: &str, message: &str| LogRecord { level, topic: topic.into(), message: message.into() };
        assert_eq!(
            *heard.lock().unwrap(),
            [
                record(LogLevel::Warning, "facade", "again in 1.5 s project=p attempt=2"),
                record(LogLevel::Debug, "session", "refused reason=late"),
            ]
        );
    }
}
