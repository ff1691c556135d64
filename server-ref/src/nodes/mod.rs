//! The commits of each node, announced through Redis to the other nodes on the same PostgreSQL.
//!
//! Redis carries messages and stores nothing: the log in PostgreSQL is the truth, and every event is in it.
//! A lost message shows as a hole in the ids, or as a new head at the next read of the log; see `realtime::publisher`.
//! Submissions therefore never wait for Redis.

mod link;
mod message;

pub(crate) use link::{Link, LinkEvent};
pub(crate) use message::{CommitMessage, NodeSecret};
