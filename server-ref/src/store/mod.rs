//! Everything that is kept. Only `sql` knows SQL; what is arithmetic rather than storage (`ledger`, `activity`) knows no database.

mod activity;
mod audit;
mod change;
mod fault;
mod invalidation;
mod invitations;
mod keys;
mod ledger;
mod notice;
mod people;
mod read_scheduler;
mod scopes;
mod sql;
mod types;
mod writer;

/// Entries of a list that is not read page by page: nothing more can be added to it.
pub(crate) const LISTED_MAX: usize = 1000;

pub(crate) use audit::{Actor, AuditDraft, AuditEntry, rule_state};
pub(crate) use change::{Batch, Change, Deed, Draft, LoggedEvent, NewContent, Part, Review};
pub(crate) use fault::Fault;
pub(crate) use invalidation::Invalidation;
pub(crate) use invitations::{Invitation, InvitationDraft, InvitationKey, ReceivedInvitation};
pub(crate) use keys::{KeyDraft, KeyInfo, KeySecret, Origins, StoredKey};
pub(crate) use ledger::ProjectTotals;
pub(crate) use notice::{Payload as NotificationPayload, event as notification_event};
pub use people::Role;
pub(crate) use people::{Account, Member, Notification, ProjectInfo, User};
pub use scopes::Scope;
pub(crate) use scopes::Scopes;
pub(crate) use sql::{
    AuditPosition, Committed, Doubt, InvalidationListener, Opening, Outcome, Schema, SessionDraft, Store,
};
pub(crate) use types::{Content, ContentFilter, Counts, EventPage, Page, Place, Recent, Slice, Status, StoredRule};
pub(crate) use writer::{Outgoing, Writer};
