//! The Socket.IO interface: authentication, clients' requests, and the publication of committed events.

mod broadcast;
mod connect;
mod connection;
mod database_reads;
mod dispatcher;
mod expiry;
mod hang_up;
mod http_origin;
mod join;
mod publisher;
mod publisher_handle;
mod replay;
mod reply;
mod request_payload;
mod request_queue;
mod revoke;
mod rooms;
mod sequencer;
mod session_slots;
mod shared_state;
mod statistics;

pub(crate) use connect::{PAYLOAD_BYTES_MAX, build_socket_io};
pub(crate) use hang_up::HangUpHandle;
pub(crate) use http_origin::is_allowed_origin;
pub(crate) use publisher::{PublisherChannels, spawn_publisher};
pub(crate) use publisher_handle::PublisherHandle;
pub(crate) use rooms::SocketGroup;
pub(crate) use session_slots::SessionSlots;
pub(crate) use shared_state::{Realtime, RealtimeOptions};
pub(crate) use statistics::percentages;
