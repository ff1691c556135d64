//! The `ModerationUpdate` class.

use pyo3::{prelude::*, types::PyDict};

use super::{
    class::{event_class, extra_dict, get_or_create},
    to_instant,
};
use crate::json;

event_class! {
    /// Decision about an item.
    ModerationUpdate = "moderation_update",
    repr ["content_id", "status", "content_type", "content_preview", "moderator_type", "rule_name", "timestamp"],
    match_args ["content_id", "status"],
    {
        /// Id of the item.
        #[getter]
        fn content_id(&self) -> &str {
            &self.inner().content_id
        }

        /// Id of the item's project; `None` if the server does not send it and the SDK can't infer it.
        #[getter]
        fn project_id(&self) -> Option<&str> {
            self.inner().project_id.as_deref()
        }

        /// Decision: `approved`, `rejected`, `flagged`, `pending`, or a value unknown to this version of the SDK.
        #[getter]
        fn status(&self) -> &str {
            self.inner().status.as_str()
        }

        /// Content type: `text`, `image`, or a value unknown to this version of the SDK.
        #[getter]
        fn content_type(&self) -> Option<&str> {
            self.inner().content_type.as_ref().map(|word| word.as_str())
        }

        /// Beginning of the content as its author wrote it, **including markup**. For web pages, use
        /// `content_preview_html`.
        #[getter]
        fn content_preview(&self) -> &str {
            &self.inner().content_preview
        }

        /// `content_preview`, escaped for HTML.
        #[getter]
        fn content_preview_html(&self) -> String {
            self.inner().content_preview_html()
        }

        /// Metadata from the submitter, converted to Python objects on first access.
        #[getter]
        fn meta_data<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
            let Some(raw) = &self.inner().meta_data else { return Ok(None) };
            get_or_create(py, &self.cached_field, || json::raw_json_to_python(py, raw)).map(Some)
        }

        /// Number of results from rules, models and people.
        #[getter]
        fn results_count(&self) -> Option<u64> {
            self.inner().results_count
        }

        /// Time that the decision took, in seconds.
        #[getter]
        fn processing_time(&self) -> Option<f64> {
            self.inner().processing_time
        }

        /// Kind of decider: `rule`, `ai`, `manual`, `unknown`, or a value unknown to this version of the SDK.
        #[getter]
        fn moderator_type(&self) -> Option<&str> {
            self.inner().moderator_type.as_ref().map(|word| word.as_str())
        }

        /// Name of the decider, such as `AI Rule`.
        #[getter]
        fn moderator_name(&self) -> Option<&str> {
            self.inner().moderator_name.as_deref()
        }

        /// Name of the rule that matched. If no rule matched, deployed servers send `Unknown Rule`.
        #[getter]
        fn rule_name(&self) -> Option<&str> {
            self.inner().rule_name.as_deref()
        }

        /// Time of the decision, in UTC; `None` if the server sent no valid timestamp.
        #[getter]
        fn timestamp(&self) -> Option<jiff::Timestamp> {
            to_instant(&self.inner().timestamp)
        }

        /// Timestamp as sent by the server.
        #[getter]
        fn timestamp_text(&self) -> &str {
            self.inner().timestamp.as_str()
        }

        /// Undocumented fields.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra_dict(py, &self.cached_extra, &self.inner().extra)
        }
    }
}
