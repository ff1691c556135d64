//! Notifications from operators.

use pyo3::{prelude::*, types::PyDict};

use super::{
    class::{event_class, extra},
    instant,
};

event_class! {
    /// A notification from the server's operators, or from the server itself.
    SystemNotification = "system_notification",
    shows ["type", "message", "persistent", "timestamp"],
    matches ["type", "message"],
    {
        /// The severity: `info`, `warning`, `error` or `success`; or a value unknown to this version.
        #[getter]
        fn r#type(&self) -> &str {
            self.of().notification_type.as_str()
        }

        /// The same as `type`, the documented name.
        #[getter]
        fn notification_type(&self) -> &str {
            self.of().notification_type.as_str()
        }

        /// The text for people.
        #[getter]
        fn message(&self) -> &str {
            &self.of().message
        }

        /// True if it should stay until it is withdrawn.
        #[getter]
        fn persistent(&self) -> bool {
            self.of().persistent
        }

        /// The time of sending, in UTC; `None` if the server sent no readable one.
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
