//! What the nodes that share a PostgreSQL tell each other through Redis: what each has committed.
//!
//! Redis carries, and keeps nothing: the log in PostgreSQL is the truth, and every event has its place there. A message that is lost
//! is a hole in the ids, or a head that the next look at the log tells; see `realtime::publisher`. So nothing here is waited for by
//! who submits a content.

mod link;
mod message;

pub(crate) use link::{Heard, Link};
pub(crate) use message::Message;
