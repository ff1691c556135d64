//! Socket.IO: who may connect, the requests of clients, and the publication of what was committed.

mod connect;
mod connection;
mod expel;
mod expiry;
mod feed;
mod join;
mod line;
mod origin;
mod polls;
mod posts;
mod publisher;
mod queue;
mod rate;
mod reads;
mod replay;
mod reply;
mod rooms;
mod slots;
mod statistics;

pub(crate) use connect::serve;
pub(crate) use expel::{Whose, check_all, check_user, close_room, disconnect, disconnect_others, expel};
pub(crate) use feed::Feed;
pub(crate) use origin::is_allowed;
pub(crate) use polls::{Polls, in_parts};
pub(crate) use posts::in_bounds;
pub(crate) use publisher::{Sources, spawn as spawn_publisher};
pub(crate) use slots::Slots;
pub(crate) use statistics::rates;

/// The room of a project.
fn room(project_id: &str) -> String {
    format!("project_{project_id}")
}
