//! The Python binding: a thin layer over `automoderate::facade`.
//!
//! The SDK's threads never take the GIL. They put results into a `completions::CompletionQueue` and wake the event
//! loop through a file descriptor. The interpreter may therefore exit at any time, and the SDK's threads never wait for
//! the interpreter.

mod blocking;
mod client;
mod completions;
mod credentials;
mod errors;
mod events;
mod json;
mod live_view;
mod logs;
mod options;
mod project;
mod results;
mod stream;
mod test_server;

use pyo3::prelude::*;

/// Native part of `automoderate`. Private: import from `automoderate` instead.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<client::Client>()?;
    module.add_class::<project::Project>()?;
    module.add_class::<stream::Stream>()?;
    module.add_class::<stream::BlockingIterator>()?;
    module.add_class::<client::States>()?;
    module.add_class::<live_view::LiveView>()?;
    module.add_class::<client::CredentialRequests>()?;
    module.add_class::<completions::CompletionQueue>()?;
    module.add_class::<test_server::TestServer>()?;
    module.add_function(wrap_pyfunction!(logs::_forward_logs, module)?)?;
    events::register(module)
}
