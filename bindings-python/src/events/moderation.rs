//! A decision about an item.

use pyo3::{prelude::*, types::PyDict};

use super::{
    class::{event_class, extra, once},
    instant,
};
use crate::json;

event_class! {
    /// An item was decided.
    ModerationUpdate = "moderation_update",
    shows ["content_id", "status", "content_type", "content_preview", "moderator_type", "rule_name", "timestamp"],
    matches ["content_id", "status"],
    {
        /// The item's id.
        #[getter]
        fn content_id(&self) -> &str {
            &self.of().content_id
        }

        /// The project that the item belongs to.
        #[getter]
        fn project_id(&self) -> Option<&str> {
            self.of().project_id.as_deref()
        }

        /// The decision: `approved`, `rejected`, `flagged` or `pending`; or a value unknown to this version.
        #[getter]
        fn status(&self) -> &str {
            self.of().status.as_str()
        }

        /// The item's type: `text` or `image`; or a value unknown to this version.
        #[getter]
        fn content_type(&self) -> Option<&str> {
            self.of().content_type.as_ref().map(|word| word.as_str())
        }

        /// The beginning of the text, as its author wrote it, **including markup**. On a page, use
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

        /// The submitter's metadata, converted to Python objects on first access.
        #[getter]
        fn meta_data<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
            let Some(raw) = &self.of().meta_data else { return Ok(None) };
            once(py, &self.lazy, || json::raw_to_python(py, raw)).map(Some)
        }

        /// The number of rules or models that gave a result.
        #[getter]
        fn results_count(&self) -> Option<u64> {
            self.of().results_count
        }

        /// The seconds that the decision took.
        #[getter]
        fn processing_time(&self) -> Option<f64> {
            self.of().processing_time
        }

        /// The decider: `rule`, `ai`, `manual` or `unknown`; or a value unknown to this version.
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

        /// The time of the decision, in UTC; `None` if the server sent no readable one.
        #[getter]
        fn timestamp(&self) -> Option<jiff::Timestamp> {
            instant(&self.of().timestamp)
        }

        /// The timestamp as the server wrote it.
        #[getter]
        fn timestamp_text(&self) -> &str {
            self.of().timestamp.as_str()
        }

        /// Undocumented fields.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}
