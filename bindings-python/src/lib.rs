//! The Python binding: a thin layer over `automoderate::facade`.
//!
//! The SDK's own threads never take the GIL. They put results into a [`port::Port`] and wake the event loop through a
//! file descriptor. So the interpreter may end at any time, and neither side waits for the other.

mod blocking;
mod client;
mod credentials;
mod errors;
mod events;
mod json;
mod logs;
mod options;
mod port;
mod project;
mod stream;
mod test_server;

use pyo3::prelude::*;

/// The native part of `automoderate`. Private: import from `automoderate`.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<client::Client>()?;
    module.add_class::<project::Project>()?;
    module.add_class::<stream::Stream>()?;
    module.add_class::<stream::BlockingIterator>()?;
    module.add_class::<client::States>()?;
    module.add_class::<client::CredentialRequests>()?;
    module.add_class::<port::Port>()?;
    module.add_class::<test_server::TestServer>()?;
    module.add_function(wrap_pyfunction!(logs::_listen_to_logs, module)?)?;
    events::register(module)
}
