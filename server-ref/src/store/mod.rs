//! Stored data. Only `sql` knows SQL; `commit_state` and `author_stats` compute, and know no database.

mod accounts;
mod audit;
mod author_stats;
mod commit_state;
mod contents;
mod db_error;
mod idempotency;
mod invalidation;
mod invitations;
mod keys;
mod notifications;
mod project_change;
mod read_scheduler;
mod scopes;
mod sql;
mod writer;

/// Entries of a list that is not read page by page: nothing more can be added to it.
pub(crate) const LISTED_MAX: usize = 1000;

pub use accounts::Role;
pub(crate) use accounts::{Account, Member, ProjectInfo, User};
pub(crate) use audit::{Actor, AuditDraft, AuditEntry, rule_state};
pub(crate) use commit_state::ProjectTotals;
pub(crate) use contents::{
    Content, ContentFilter, ContentPosition, CursorPage, EventPage, NumberedPage, ProjectSnapshot, RecentDecision,
    Status, StatusCounts, StoredRule,
};
pub(crate) use db_error::DbFault;
pub(crate) use idempotency::{ALL_PROJECTS, Answer, IdempotencyKey, IdempotencyRecord, Submitted};
pub(crate) use invalidation::Invalidation;
pub(crate) use invitations::{Invitation, InvitationDraft, InvitationKey, ReceivedInvitation};
pub(crate) use keys::{KeyDraft, KeyInfo, KeySecret, Origins, StoredKey};
pub(crate) use notifications::{NotificationPayload, SystemNotification, event as notification_event};
pub(crate) use project_change::{
    ContentReview, EventBatch, EventDraft, LoggedEvent, Mutation, NewContent, ProjectBatch, ProjectChange,
};
pub use scopes::Scope;
pub(crate) use scopes::Scopes;
pub(crate) use sql::{
    AuditPosition, CommitOutcome, Committed, InDoubtCommit, InvalidationListener, Schema, SessionDraft, Store,
    StoreOptions,
};
pub(crate) use writer::{PublisherInput, Writer};
