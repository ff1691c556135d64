//! Socket.IO: who may connect, the requests of clients, and the publication of what was committed.

mod broadcast;
mod connect;
mod connection;
mod database_reads;
mod event_rate;
mod expiry;
mod join;
mod origin;
mod polling_post;
mod publisher;
mod publisher_handle;
mod python_polling;
mod replay;
mod reply;
mod request_queue;
mod revoke;
mod sequencer;
mod slots;
mod statistics;

pub(crate) use connect::socket_io;
pub(crate) use origin::is_allowed;
pub(crate) use polling_post::limit_polling_posts;
pub(crate) use publisher::{PublisherInputs, spawn as spawn_publisher};
pub(crate) use publisher_handle::PublisherHandle;
pub(crate) use python_polling::{PythonPolling, limit_python_polls};
pub(crate) use revoke::{
    SocketGroup, check_all, check_user, close_room, disconnect, disconnect_other_sessions, revoke_project_access,
};
pub(crate) use slots::SocketSlots;
pub(crate) use statistics::rates;

/// The name of a project's room.
fn project_room(project_id: &str) -> String {
    format!("project_{project_id}")
}
