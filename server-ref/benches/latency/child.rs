//! What the connections of the load need to know of the server.

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) key: String,
}
