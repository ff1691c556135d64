//! Storage of users, projects, items, rules and the event log.
//!
//! Only `sql` contains SQL. `commit_state` and `author_stats` only compute values and do not access the database.

mod accounts;
mod audit;
mod author_stats;
mod commit_state;
mod db_error;
mod idempotency;
mod invalidation;
mod invitations;
mod keys;
mod notifications;
mod project_change;
mod project_data;
mod read_scheduler;
mod scopes;
mod sql;
mod writer;

/// Maximum number of a user's projects, and of a project's members. The API lists both without paging.
pub(crate) const UNPAGED_LIST_MAX: usize = 1000;

pub use accounts::Role;
pub(crate) use accounts::{Member, ProjectInfo, User, UserCredentials};
pub(crate) use audit::{Actor, AuditDraft, AuditEntry, rule_audit_state};
pub(crate) use commit_state::ProjectTotals;
pub(crate) use db_error::DbFault;
pub(crate) use idempotency::{ALL_PROJECTS_ID, IdempotencyKey, IdempotencyRecord, IdempotentAnswer, SubmitOutcome};
pub(crate) use invalidation::Invalidation;
pub(crate) use invitations::{Invitation, InvitationDraft, InvitationRef, ReceivedInvitation};
pub(crate) use keys::{AllowedOrigins, KeyDraft, KeyInfo, KeyVerifiers, StoredKey};
pub(crate) use notifications::{NotificationPayload, SystemNotification, notification_event};
pub(crate) use project_change::{
    ContentReview, EventBatch, EventDraft, LoggedEvent, Mutation, NewContent, ProjectChange, ProjectEventBatch,
};
pub(crate) use project_data::{
    Content, ContentFilter, ContentPosition, CursorPage, EventPage, OffsetPage, ProjectSnapshot, RecentDecision,
    Status, StatusCounts, StoredRule,
};
pub use scopes::Scope;
pub(crate) use scopes::Scopes;
pub(crate) use sql::{
    AuditPosition, CommitOutcome, Committed, InDoubtCommit, InvalidationListener, SchemaState, SessionDraft, Store,
    StoreOptions,
};
pub(crate) use writer::{PublisherInput, Writer};
