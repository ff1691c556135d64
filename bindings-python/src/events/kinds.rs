//! The classes of events. Field names are the documented ones.

use automoderate::Event;
use pyo3::{
    IntoPyObjectExt,
    prelude::*,
    sync::PyOnceLock,
    types::{PyBytes, PyDict, PyTuple},
};

use super::{
    class::{event_class, extra},
    instant,
};
use crate::json;

/// Converts on first access, and keeps the result.
fn once<'py>(
    py: Python<'py>,
    cache: &PyOnceLock<Py<PyAny>>,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(cache.get_or_try_init(py, || make().map(Bound::unbind))?.bind(py).clone())
}

/// A class of `_models.py`.
fn model<'py>(py: Python<'py>, cell: &'static PyOnceLock<Py<PyAny>>, name: &str) -> PyResult<&'py Bound<'py, PyAny>> {
    cell.import(py, "automoderate._models", name)
}

event_class! {
    /// A piece of content was decided.
    ModerationUpdate = "moderation_update",
    shows ["content_id", "status", "content_type", "content_preview", "moderator_type", "rule_name", "timestamp"],
    matches ["content_id", "status"],
    {
        /// The content's id.
        #[getter]
        fn content_id(&self) -> &str {
            &self.of().content_id
        }

        /// The project the content belongs to.
        #[getter]
        fn project_id(&self) -> Option<&str> {
            self.of().project_id.as_deref()
        }

        /// The decision: `approved`, `rejected`, `flagged` or `pending`; or a word that this version does not know.
        #[getter]
        fn status(&self) -> &str {
            self.of().status.as_str()
        }

        /// The kind of content: `text` or `image`; or a word that this version does not know.
        #[getter]
        fn content_type(&self) -> Option<&str> {
            self.of().content_type.as_ref().map(|word| word.as_str())
        }

        /// The beginning of the content, as its author wrote it, **markup included**. For a page use
        /// `content_preview_html`.
        #[getter]
        fn content_preview(&self) -> &str {
            &self.of().content_preview
        }

        /// `content_preview`, escaped for HTML.
        #[getter]
        fn content_preview_html(&self) -> String {
            self.of().content_preview_html()
        }

        /// What the submitter sent along; made into Python's objects when it is read first.
        #[getter]
        fn meta_data<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
            let Some(raw) = &self.of().meta_data else { return Ok(None) };
            once(py, &self.lazy, || json::raw_to_python(py, raw)).map(Some)
        }

        /// How many rules or models gave a result.
        #[getter]
        fn results_count(&self) -> Option<u64> {
            self.of().results_count
        }

        /// Seconds the decision took.
        #[getter]
        fn processing_time(&self) -> Option<f64> {
            self.of().processing_time
        }

        /// Who decided: `rule`, `ai`, `manual` or `unknown`; or a word that this version does not know.
        #[getter]
        fn moderator_type(&self) -> Option<&str> {
            self.of().moderator_type.as_ref().map(|word| word.as_str())
        }

        /// The decider's name, such as `AI Rule`.
        #[getter]
        fn moderator_name(&self) -> Option<&str> {
            self.of().moderator_name.as_deref()
        }

        /// The rule that matched.
        #[getter]
        fn rule_name(&self) -> Option<&str> {
            self.of().rule_name.as_deref()
        }

        /// When the decision was made, in UTC; `None` if the server sent none that can be read.
        #[getter]
        fn timestamp(&self) -> Option<jiff::Timestamp> {
            instant(&self.of().timestamp)
        }

        /// The timestamp as the server wrote it.
        #[getter]
        fn timestamp_text(&self) -> &str {
            self.of().timestamp.as_str()
        }

        /// Fields that the documentation does not know.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}

event_class! {
    /// The project's counters, the newest replacing the ones before.
    StatsUpdate = "stats_update",
    shows ["total_content", "approved", "rejected", "flagged", "approval_rate"],
    matches ["total_content", "approved", "rejected", "flagged"],
    {
        /// All content ever decided.
        #[getter]
        fn total_content(&self) -> u64 {
            self.of().total_content
        }

        /// Of it, approved.
        #[getter]
        fn approved(&self) -> u64 {
            self.of().approved
        }

        /// Of it, rejected.
        #[getter]
        fn rejected(&self) -> u64 {
            self.of().rejected
        }

        /// Of it, flagged for a person.
        #[getter]
        fn flagged(&self) -> u64 {
            self.of().flagged
        }

        /// Waiting for a decision; only on some servers.
        #[getter]
        fn pending(&self) -> Option<u64> {
            self.of().pending
        }

        /// Percent approved.
        #[getter]
        fn approval_rate(&self) -> Option<f64> {
            self.of().approval_rate
        }

        /// Percent rejected.
        #[getter]
        fn rejection_rate(&self) -> Option<f64> {
            self.of().rejection_rate
        }

        /// Percent flagged.
        #[getter]
        fn flag_rate(&self) -> Option<f64> {
            self.of().flag_rate
        }

        /// The latest decisions, as a tuple of `RecentActivity`.
        #[getter]
        fn recent_activity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            once(py, &self.lazy, || {
                let class = model(py, &CLASS, "RecentActivity")?;
                let all = self.of().recent_activity.iter();
                let all = all.map(|one| class.call1((&one.content_id, one.decision.as_str(), instant(&one.timestamp))));
                Ok(PyTuple::new(py, all.collect::<PyResult<Vec<_>>>()?)?.into_any())
            })
        }

        /// Fields that the documentation does not know.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}

event_class! {
    /// A rule was created, updated or deleted.
    RuleUpdate = "rule_update",
    shows ["action", "rule", "timestamp"],
    matches ["action", "rule"],
    {
        /// What happened: `created`, `updated` or `deleted`; or a word that this version does not know.
        #[getter]
        fn action(&self) -> &str {
            self.of().action.as_str()
        }

        /// The rule, as it is now or was last.
        #[getter]
        fn rule<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            once(py, &self.lazy, || {
                let rule = &self.of().rule;
                let kind = rule.rule_type.as_ref().map(|word| word.as_str());
                let action = rule.action.as_ref().map(|word| word.as_str());
                let extra = json::object_to_python(py, &rule.extra)?;
                let class = model(py, &CLASS, "Rule")?;
                class.call1((&rule.id, &rule.name, kind, rule.is_active, rule.priority, action, extra))
            })
        }

        /// When it happened, in UTC; `None` if the server sent none that can be read.
        #[getter]
        fn timestamp(&self) -> Option<jiff::Timestamp> {
            instant(&self.of().timestamp)
        }

        /// The timestamp as the server wrote it.
        #[getter]
        fn timestamp_text(&self) -> &str {
            self.of().timestamp.as_str()
        }

        /// Fields that the documentation does not know.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}

event_class! {
    /// A word from the server's operators, or from the server itself.
    SystemNotification = "system_notification",
    shows ["type", "message", "persistent", "timestamp"],
    matches ["type", "message"],
    {
        /// The tone: `info`, `warning`, `error` or `success`; or a word that this version does not know.
        #[getter]
        fn r#type(&self) -> &str {
            self.of().notification_type.as_str()
        }

        /// The same as `type`, which is the documented name.
        #[getter]
        fn notification_type(&self) -> &str {
            self.of().notification_type.as_str()
        }

        /// The text for people.
        #[getter]
        fn message(&self) -> &str {
            &self.of().message
        }

        /// Whether it should stay until it is withdrawn.
        #[getter]
        fn persistent(&self) -> bool {
            self.of().persistent
        }

        /// When it was sent, in UTC; `None` if the server sent none that can be read.
        #[getter]
        fn timestamp(&self) -> Option<jiff::Timestamp> {
            instant(&self.of().timestamp)
        }

        /// The timestamp as the server wrote it.
        #[getter]
        fn timestamp_text(&self) -> &str {
            self.of().timestamp.as_str()
        }

        /// Fields that the documentation does not know.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}

event_class! {
    /// What a user of the moderated application has been doing.
    UserActivity = "user_activity",
    shows ["user_id", "activity", "triggered_by", "timestamp"],
    matches ["user_id", "activity"],
    {
        /// The user's id; a number on the wire is given as text.
        #[getter]
        fn user_id(&self) -> &str {
            &self.of().user_id
        }

        /// The user's figures.
        #[getter]
        fn activity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            once(py, &self.lazy, || {
                let figures = &self.of().activity;
                let extra = json::object_to_python(py, &figures.extra)?;
                let (submissions, violations) = (figures.total_submissions, figures.recent_violations);
                let class = model(py, &CLASS, "Activity")?;
                class.call1((submissions, violations, figures.approval_rate, figures.risk_score, extra))
            })
        }

        /// The content that caused this event.
        #[getter]
        fn triggered_by(&self) -> Option<&str> {
            self.of().triggered_by.as_deref()
        }

        /// When it was sent, in UTC; `None` if the server sent none that can be read.
        #[getter]
        fn timestamp(&self) -> Option<jiff::Timestamp> {
            instant(&self.of().timestamp)
        }

        /// The timestamp as the server wrote it.
        #[getter]
        fn timestamp_text(&self) -> &str {
            self.of().timestamp.as_str()
        }

        /// Fields that the documentation does not know.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}

event_class! {
    /// The server's own `error` event, when it answers nothing that the SDK asked.
    ServerError = "server_error",
    shows ["message", "code"],
    matches ["message", "code"],
    {
        /// The server's words.
        #[getter]
        fn message(&self) -> &str {
            &self.of().message
        }

        /// A code, from servers that send one.
        #[getter]
        fn code(&self) -> Option<&str> {
            self.of().code.as_deref()
        }

        /// Fields that the documentation does not know.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}

event_class! {
    /// An event with a name that the SDK does not know.
    UnknownEvent = "unknown_event",
    shows ["name", "data"],
    matches ["name", "data"],
    {
        /// The event's name.
        #[getter]
        fn name(&self) -> &str {
            &self.of().name
        }

        /// Its first argument; made into Python's objects when it is read first.
        #[getter]
        fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            once(py, &self.lazy, || json::raw_to_python(py, &self.of().data))
        }

        /// Binary attachments, in the order of their placeholders in `data`.
        #[getter]
        fn attachments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
            PyTuple::new(py, self.of().attachments.iter().map(|bytes| PyBytes::new(py, bytes)))
        }
    }
}

event_class! {
    /// A frame or an event that could not be read. What follows it is delivered.
    MalformedEvent = "malformed_event",
    shows ["name", "data", "reason"],
    matches ["name", "data", "reason"],
    {
        /// The event's name, if it could be read; otherwise empty.
        #[getter]
        fn name(&self) -> &str {
            &self.of().name
        }

        /// What came, as text; perhaps not valid JSON.
        #[getter]
        fn data(&self) -> &str {
            self.of().data.as_str()
        }

        /// What is wrong with it.
        #[getter]
        fn reason(&self) -> &str {
            &self.of().reason
        }
    }
}

event_class! {
    /// Events of a project are missing here, or may be.
    Gap = "gap",
    shows ["project_id", "reason", "missed"],
    matches ["project_id", "reason", "missed"],
    {
        /// The project whose events are missing.
        #[getter]
        fn project_id(&self) -> &str {
            self.of().project_id.as_str()
        }

        /// Why they can't be had: `interrupted`, `expired`, `log_changed`, `cursor_ahead`, `replay_failed` or
        /// `backfill_incomplete`.
        #[getter]
        fn reason(&self) -> &'static str {
            self.of().reason.as_str()
        }

        /// How many are missing, where that is known.
        #[getter]
        fn missed(&self) -> Option<u64> {
            self.of().missed
        }
    }
}

event_class! {
    /// The reader of this stream was too slow: events were dropped because its buffer was full.
    Lagged = "lagged",
    shows ["missed"],
    matches ["missed"],
    {
        /// How many events were dropped, since the last notice of this kind.
        #[getter]
        fn missed(&self) -> u64 {
            self.of().missed
        }
    }
}

macro_rules! sorted {
    ($($class:ident),*) => {
        pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(module.add_class::<$class>()?;)*
            Ok(())
        }

        pub(super) fn to_python(py: Python<'_>, event: Event) -> PyResult<Py<PyAny>> {
            let (lazy, extra) = (PyOnceLock::new(), PyOnceLock::new());
            match event {
                $(Event::$class(_) => Py::new(py, $class { event, lazy, extra })?.into_py_any(py),)*
                // A kind that the core has learnt and this binding has not: never lost.
                other => json::to_python(py, &automoderate::facade::event_to_value(&other)).map(Bound::unbind),
            }
        }
    };
}

sorted! { ModerationUpdate, StatsUpdate, RuleUpdate, SystemNotification, UserActivity, ServerError, UnknownEvent, MalformedEvent, Gap, Lagged }
