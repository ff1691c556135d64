//! Log records of the SDK, for languages that have their own logging system.

use std::fmt::{self, Write as _};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
    subscriber::Interest,
};

/// Log record of the SDK. Records never contain secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogRecord {
    /// Severity of the record.
    pub level: LogLevel,
    /// Module of the SDK that wrote the record, such as `session`, `driver` or `rest`.
    pub topic: String,
    /// Human-readable message, followed by `name=value` for each field.
    pub message: String,
}

/// Severity of a [`LogRecord`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Details for troubleshooting.
    Debug,
    /// Normal operation.
    Info,
    /// Problem that does not end the client, such as a lost connection.
    Warning,
    /// Problem from which the SDK can't recover.
    Error,
}

/// Forwards the SDK's log records to a function. Returns `false` if this copy of the SDK already has a listener.
///
/// This function is only for bindings, each of which contains its own copy of the SDK. In a Rust program, it would set
/// the program's global `tracing` subscriber.
///
/// The SDK calls the listener on its own threads, so the listener must be fast, must not block and must not call the
/// SDK. Records are infrequent: the SDK writes none for individual events.
pub fn forward_logs(listener: impl Fn(LogRecord) + Send + Sync + 'static) -> bool {
    tracing::subscriber::set_global_default(ForwardingSubscriber(listener)).is_ok()
}

/// `tracing` subscriber that forwards log records and ignores spans.
struct ForwardingSubscriber<F>(F);

/// Returns `true` for log records that this crate writes at level `DEBUG` or above.
fn is_forwarded(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::DEBUG
        && metadata.is_event()
        && metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"))
}

impl<F: Fn(LogRecord) + Send + Sync + 'static> Subscriber for ForwardingSubscriber<F> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // The `tracing` crate calls this method once per call site and stores the answer, so a record that is never
        // forwarded costs only a comparison.
        if is_forwarded(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_forwarded(metadata)
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
        let mut text = RecordText::default();
        event.record(&mut text);
        // The first part of the target is the crate, and parts after the second are implementation details.
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
struct RecordText {
    message: String,
    fields: String,
}

impl Visit for RecordText {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string can't fail.
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
    fn forwarded_messages_contain_the_text_and_the_fields() {
        let received: Arc<Mutex<Vec<LogRecord>>> = Arc::default();
        let sink = received.clone();
        let subscriber = ForwardingSubscriber(move |record| sink.lock().unwrap().push(record));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(project = "p", attempt = 2, "retrying in {} s", 1.5);
            tracing::trace!("not forwarded: too detailed");
            tracing::info!(target: "hyper::client", "not forwarded: from another crate");
            let _entered = tracing::info_span!("span").entered();
            tracing::debug!(target: "automoderate::session::machine", reason = %"late", "refused");
        });
        let record =
            |level, topic: &str, message: &str| LogRecord { level, topic: topic.into(), message: message.into() };
        assert_eq!(
            *received.lock().unwrap(),
            [
                record(LogLevel::Warning, "facade", "retrying in 1.5 s project=p attempt=2"),
                record(LogLevel::Debug, "session", "refused reason=late"),
            ]
        );
    }
}
