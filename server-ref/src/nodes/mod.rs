//! Messages between nodes that share a PostgreSQL database. If Redis is used, each node announces its commits to the others through it.
//!
//! Redis only carries messages. The event log in PostgreSQL is authoritative, and every event is committed to it before it is announced.
//! A lost message becomes visible as a hole in the ids, or when the project's newest id is read; see `realtime::publisher`. Submissions
//! therefore never wait for Redis.

mod commit_message;
mod redis_link;

pub(crate) use commit_message::{CommitMessage, NodeMessageSecret};
pub(crate) use redis_link::{LinkEvent, RedisLink};
