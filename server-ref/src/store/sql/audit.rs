//! Reading, writing and pruning the audit log.

use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::QueryBuilder;

use super::bulk_insert::power_of_two_chunks;
use super::read_connections::ReadConnection;
use super::{POSTGRES_CLOCK, Store, Tx, with_conn};
use crate::Error;
use crate::ids::new_ordered_id;
use crate::store::audit::{AuditActor, AuditDraft, AuditEntry, AuditTarget, bounded_state_json};
use crate::time::{Micros, now};

/// Maximum number of entries deleted per transaction.
const PRUNED_ROWS_PER_TRANSACTION_MAX: i64 = 1000;

/// A position in the audit log, identified by the entry that precedes it. Entries are ordered from the newest to the oldest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditPosition {
    pub(crate) at: Micros,
    pub(crate) id: String,
}

impl AuditPosition {
    /// Returns the position before the newest entry.
    pub(crate) fn before_newest() -> Self {
        Self { at: Micros::MAX, id: String::new() }
    }
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    id: String,
    at: Micros,
    actor_kind: String,
    actor_id: Option<String>,
    actor_name: String,
    action: String,
    target_kind: String,
    target_id: String,
    state_before: Option<String>,
    state_after: Option<String>,
    address: Option<String>,
}

/// The beginning of a query for [`AuditRow`]s.
macro_rules! select_audit {
    ($address:literal) => {
        concat!(
            "SELECT audit.id, audit.at, audit.actor_kind, audit.actor_id, audit.actor_name, audit.action, ",
            "audit.target_kind, audit.target_id, audit.state_before, audit.state_after, ",
            $address,
            " AS address FROM "
        )
    };
}

/// A subquery for a member's sign-ins since the member joined the project, newest first, starting after the given position. The
/// subquery returns at most `$4` sign-ins.
macro_rules! sign_ins_of_member {
    ($columns:literal) => {
        concat!(
            "(SELECT ",
            $columns,
            " FROM audit AS entry WHERE entry.action = 'user.sign_in' AND entry.actor_id = members.user_id ",
            "AND entry.at >= members.joined_at AND (entry.at, entry.id) < ($2, $3) ",
            "ORDER BY entry.at DESC, entry.id DESC LIMIT $4)"
        )
    };
}

const NEWEST_FIRST_CLAUSE: &str = " ORDER BY audit.at DESC, audit.id DESC LIMIT $4";

impl Store {
    /// Returns a page of a project's audit log, newest first, including the sign-ins of the
    /// project's members.
    pub(crate) async fn project_audit(
        &self,
        project_id: &str,
        after: &AuditPosition,
        limit: i64,
    ) -> Result<Vec<AuditEntry>, Error> {
        const SELECT_OWN_ENTRIES: &str =
            concat!(select_audit!("audit.address"), "audit WHERE project_id = $1 AND (at, id) < ($2, $3)");
        // The two kinds of database need different queries to select a limited number of entries per member. The queries omit the addresses
        // of sign-ins, because a project's admins must not learn them.
        const SELECT_SIGN_INS: &str = concat!(
            select_audit!("NULL"),
            "members JOIN audit ON audit.id IN ",
            sign_ins_of_member!("entry.id"),
            " WHERE members.project_id = $1"
        );
        const SELECT_SIGN_INS_ON_POSTGRES: &str = concat!(
            select_audit!("NULL"),
            "members CROSS JOIN LATERAL ",
            sign_ins_of_member!("entry.*"),
            " AS audit WHERE members.project_id = $1"
        );
        let sign_ins = if self.is_postgres() { SELECT_SIGN_INS_ON_POSTGRES } else { SELECT_SIGN_INS };
        let mut rows = self.audit_rows(SELECT_OWN_ENTRIES, Some(project_id), after, limit).await?;
        rows.append(&mut self.audit_rows(sign_ins, Some(project_id), after, limit).await?);
        rows.sort_unstable_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        rows.truncate(usize::try_from(limit).unwrap_or_default());
        rows.into_iter().map(entry_from_row).collect()
    }

    /// Returns a page of the server's own audit log, newest first.
    pub(crate) async fn server_audit(&self, after: &AuditPosition, limit: i64) -> Result<Vec<AuditEntry>, Error> {
        const SELECT_SERVER_ENTRIES: &str = concat!(
            select_audit!("audit.address"),
            "audit WHERE $1 IS NULL AND project_id IS NULL AND (at, id) < ($2, $3)"
        );
        self.audit_rows(SELECT_SERVER_ENTRIES, None, after, limit).await?.into_iter().map(entry_from_row).collect()
    }

    async fn audit_rows(
        &self,
        query: &'static str,
        project_id: Option<&str>,
        after: &AuditPosition,
        limit: i64,
    ) -> Result<Vec<AuditRow>, Error> {
        let read = async |connection: &mut ReadConnection| {
            Ok(with_conn!(connection, db => {
                let mut builder = QueryBuilder::new(query);
                let query = builder.push(NEWEST_FIRST_CLAUSE).build_query_as();
                query.bind(project_id).bind(after.at).bind(&after.id).bind(limit).fetch_all(db).await?
            }))
        };
        match project_id {
            Some(project_id) => read(&mut *self.project_read_connection(project_id).await?).await,
            None => read(&mut self.read_connection().await?).await,
        }
    }

    /// Deletes the entries that are older than `max_age`, and returns their number. If `max_age` is zero, deletes nothing.
    pub(crate) async fn prune_audit(&self, max_age: Duration) -> Result<u64, Error> {
        const DELETE_OLD_ENTRIES: &str =
            "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at <= $1 ORDER BY at LIMIT $2)";
        let Some(max_age) = Micros::try_from(max_age.as_micros()).ok().filter(|&age| age > 0) else {
            return Ok(0);
        };
        let oldest = self.database_time().await?.saturating_sub(max_age);
        let mut pruned = 0;
        loop {
            let deleted = with_conn!(&mut self.write_connection().await?, db => {
                sqlx::query(DELETE_OLD_ENTRIES).bind(oldest).bind(PRUNED_ROWS_PER_TRANSACTION_MAX).execute(db).await?.rows_affected()
            });
            pruned += deleted;
            if deleted < PRUNED_ROWS_PER_TRANSACTION_MAX.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }
}

impl Tx<'_> {
    /// Writes an entry to a project's audit log, or to the server's own log if no project is given.
    pub(super) async fn record_audit(&mut self, project_id: Option<&str>, draft: &AuditDraft) -> sqlx::Result<()> {
        insert_entries(self, &[NewAuditRow::new(project_id, draft, draft.before.clone())]).await
    }
}

/// An entry that is about to be inserted, with its states as JSON text and the id of the project to whose log it belongs, if any.
pub(super) struct NewAuditRow<'a> {
    project_id: Option<&'a str>,
    draft: &'a AuditDraft,
    before: Option<String>,
    after: Option<String>,
}

impl<'a> NewAuditRow<'a> {
    pub(super) fn new(project_id: Option<&'a str>, draft: &'a AuditDraft, before: Option<Value>) -> Self {
        Self {
            project_id,
            draft,
            before: before.map(bounded_state_json),
            after: draft.after.clone().map(bounded_state_json),
        }
    }
}

/// Inserts entries. On PostgreSQL, their times come from the database's clock, so that the actions of several nodes are ordered correctly.
pub(super) async fn insert_entries(tx: &mut Tx<'_>, rows: &[NewAuditRow<'_>]) -> sqlx::Result<()> {
    const INSERT_ENTRIES: &str =
        "INSERT INTO audit (id, project_id, at, actor_kind, actor_id, actor_name, action, target_kind,
                                            target_id, state_before, state_after, address) ";
    let clock = matches!(tx, Tx::Postgres(_)).then_some(POSTGRES_CLOCK);
    for rows in power_of_two_chunks(rows) {
        with_conn!(&mut *tx, db => {
            let mut query = QueryBuilder::new(INSERT_ENTRIES);
            query.push_values(rows, |mut values, row| {
                values.push_bind(new_ordered_id()).push_bind(row.project_id.map(str::to_owned));
                match clock {
                    Some(clock) => values.push(clock),
                    None => values.push_bind(now()),
                };
                values
                    .push_bind(row.draft.actor.kind)
                    .push_bind(row.draft.actor.id.as_deref().map(str::to_owned))
                    .push_bind(row.draft.actor.name.to_string())
                    .push_bind(row.draft.action)
                    .push_bind(row.draft.target_kind())
                    .push_bind(row.draft.target_id.clone())
                    .push_bind(row.before.clone())
                    .push_bind(row.after.clone())
                    .push_bind(row.draft.actor.address.map(|address| address.to_string()));
            });
            query.build().execute(db).await?;
        });
    }
    Ok(())
}

fn entry_from_row(row: AuditRow) -> Result<AuditEntry, Error> {
    let json = |text: Option<String>| text.map(RawValue::from_string).transpose();
    let broken = |error: serde_json::Error| Error::Internal(error.to_string());
    Ok(AuditEntry {
        id: row.id,
        at: row.at,
        actor: AuditActor { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
        action: row.action,
        target: AuditTarget { kind: row.target_kind, id: row.target_id },
        before: json(row.state_before).map_err(broken)?,
        after: json(row.state_after).map_err(broken)?,
        address: row.address,
    })
}
