//! A decision about a piece of content.

use pyo3::{prelude::*, types::PyDict};

use super::{
    class::{event_class, extra, once},
    instant,
};
use crate::json;

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
