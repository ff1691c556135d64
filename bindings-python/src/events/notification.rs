//! The `SystemNotification` class.

use pyo3::{prelude::*, types::PyDict};

use super::{
    class::{event_class, extra_dict},
    to_instant,
};

event_class! {
    /// Notification from the server or its operators.
    SystemNotification = "system_notification",
    repr ["type", "message", "persistent", "timestamp"],
    match_args ["type", "message"],
    {
        /// Severity: `info`, `warning`, `error`, `success`, or a value unknown to this version of the SDK.
        #[getter]
        fn r#type(&self) -> &str {
            self.inner().notification_type.as_str()
        }

        /// Alias for `type`, which is the documented name.
        #[getter]
        fn notification_type(&self) -> &str {
            self.inner().notification_type.as_str()
        }

        /// Message to show to users.
        #[getter]
        fn message(&self) -> &str {
            &self.inner().message
        }

        /// True if the notification should stay visible until it is withdrawn.
        #[getter]
        fn persistent(&self) -> bool {
            self.inner().persistent
        }

        /// Time at which the event was sent, in UTC; `None` if the server sent no valid timestamp.
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
