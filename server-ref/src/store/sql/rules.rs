//! A project's rules. They are written by `commit`, together with their event.

use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::StoredRule;
use crate::store::audit::RULE_DATA_MAX;

/// The order in which rules are tried: highest priority first; among equals the oldest.
macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, name, type, data, action, priority, is_active, created_at, updated_at FROM rules ",
            "WHERE project_id = $1 ",
            $condition,
            " ORDER BY priority DESC, created_at, id"
        )
    };
}

/// All rules of a project.
pub(super) const ALL_RULES: &str = select!("");

impl Store {
    /// The rules in force, in the order in which they are tried.
    pub(crate) async fn active_rules(&self, project_id: &str) -> Result<Vec<StoredRule>, Error> {
        const QUERY: &str = select!("AND is_active");
        Ok(with_conn!(&mut self.reader().await?, db => sqlx::query_as(QUERY).bind(project_id).fetch_all(db).await?))
    }

    /// All rules, in the same order.
    pub(crate) async fn rules(&self, project_id: &str) -> Result<Vec<StoredRule>, Error> {
        Ok(
            with_conn!(&mut *self.reader_of(project_id).await?, db => sqlx::query_as(ALL_RULES).bind(project_id).fetch_all(db).await?),
        )
    }

    pub(crate) async fn rule(&self, project_id: &str, id: &str) -> Result<Option<StoredRule>, Error> {
        const QUERY: &str = select!("AND id = $2");
        Ok(with_conn!(&mut self.reader().await?, db => {
            sqlx::query_as(QUERY).bind(project_id).bind(id).fetch_optional(db).await?
        }))
    }
}

/// A rule with the beginning of its data, which may be long. Nobody else changes the project's rules until the transaction ends: its
/// row is locked.
pub(super) async fn beginning(tx: &mut Tx<'_>, project_id: &str, id: &str) -> Result<Option<StoredRule>, Error> {
    const QUERY: &str =
        "SELECT id, name, type, substr(data, 1, $3) AS data, action, priority, is_active, created_at, updated_at
         FROM rules WHERE project_id = $1 AND id = $2";
    // One more shows that there is more.
    let length = i32::try_from(RULE_DATA_MAX + 1).unwrap_or(i32::MAX);
    Ok(with_conn!(tx, db => {
        sqlx::query_as(QUERY).bind(project_id).bind(id).bind(length).fetch_optional(db).await?
    }))
}

pub(super) async fn insert(tx: &mut Tx<'_>, project_id: &str, rule: &StoredRule) -> Result<(), Error> {
    const QUERY: &str =
        "INSERT INTO rules (id, project_id, name, type, data, action, priority, is_active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    with_conn!(tx, db => {
        let query = sqlx::query(QUERY).bind(&rule.id).bind(project_id).bind(&rule.name).bind(&rule.kind);
        let query = query.bind(&rule.data).bind(&rule.action).bind(rule.priority).bind(rule.is_active);
        query.bind(rule.created_at).bind(rule.updated_at).execute(db).await?;
    });
    Ok(())
}

pub(super) async fn update(tx: &mut Tx<'_>, project_id: &str, rule: &StoredRule) -> Result<(), Error> {
    const QUERY: &str =
        "UPDATE rules SET name = $3, type = $4, data = $5, action = $6, priority = $7, is_active = $8, updated_at = $9
         WHERE project_id = $1 AND id = $2";
    with_conn!(tx, db => {
        let query = sqlx::query(QUERY).bind(project_id).bind(&rule.id).bind(&rule.name).bind(&rule.kind);
        let query = query.bind(&rule.data).bind(&rule.action).bind(rule.priority).bind(rule.is_active);
        query.bind(rule.updated_at).execute(db).await?;
    });
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx<'_>, project_id: &str, id: &str) -> Result<(), Error> {
    const QUERY: &str = "DELETE FROM rules WHERE project_id = $1 AND id = $2";
    with_conn!(tx, db => { sqlx::query(QUERY).bind(project_id).bind(id).execute(db).await?; });
    Ok(())
}
