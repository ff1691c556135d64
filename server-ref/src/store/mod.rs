//! Everything that is kept. Only this module knows SQL; a second database would be a sibling of `sqlite` with the same methods.
//!
//! What is arithmetic rather than storage (`ledger`, `activity`) knows no database.

mod activity;
mod change;
mod ledger;
mod notice;
mod people;
mod sqlite;
mod types;
mod writer;

pub(crate) use change::{Batch, Change, Deed, Draft, LoggedEvent, NewContent, Review};
pub(crate) use notice::{Payload as NotificationPayload, event as notification_event};
pub use people::Role;
pub(crate) use people::{Account, KeyInfo, KeyOwner, Member, Notification, ProjectInfo, User};
pub(crate) use sqlite::SqliteStore as Store;
pub(crate) use types::{Content, Counts, EventPage, Page, Recent, Status, StoredRule};
pub(crate) use writer::{Outgoing, Writer};
