//! Replaces the module of the same name in the reference benchmark, whose HTTP client needs a server's port and key.

pub(crate) struct MeasuredServer {
    pub(crate) port: u16,
    pub(crate) key: String,
}
