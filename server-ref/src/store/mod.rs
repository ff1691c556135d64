//! Everything that is kept. Only this module knows SQL; a second database would be a sibling of `sqlite` with the same methods.

mod sqlite;
mod types;
mod writer;

pub(crate) use sqlite::SqliteStore as Store;
pub(crate) use types::{
    Batch, Change, Content, Counts, Draft, EventPage, KeyOwner, LoggedEvent, NewContent, Page, Recent, Status,
    StoredRule, User,
};
pub(crate) use writer::{Outgoing, Writer};
