//! The server's data for the connections of the load.

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) key: String,
}
