//! Storage of rules. The `commit` module writes each change to a rule together with its event.

use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::StoredRule;
use crate::store::audit::RULE_DATA_CHARS_MAX;

/// A query for the rules of a project in the order of evaluation: by descending priority, and oldest first among rules with the
/// same priority.
macro_rules! select_rules {
    ($condition:literal) => {
        concat!(
            "SELECT id, name, type, data, action, priority, is_active, created_at, updated_at FROM rules ",
            "WHERE project_id = $1 ",
            $condition,
            " ORDER BY priority DESC, created_at, id"
        )
    };
}

pub(super) const SELECT_ALL_RULES: &str = select_rules!("");

impl Store {
    /// Returns the active rules of a project in the order of evaluation.
    pub(crate) async fn active_rules(&self, project_id: &str) -> Result<Vec<StoredRule>, Error> {
        const SELECT_ACTIVE_RULES: &str = select_rules!("AND is_active");
        Ok(
            with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_ACTIVE_RULES).bind(project_id).fetch_all(db).await?),
        )
    }

    /// Returns all rules of a project in the order of evaluation.
    pub(crate) async fn rules(&self, project_id: &str) -> Result<Vec<StoredRule>, Error> {
        Ok(
            with_conn!(&mut *self.project_read_connection(project_id).await?, db => sqlx::query_as(SELECT_ALL_RULES).bind(project_id).fetch_all(db).await?),
        )
    }

    pub(crate) async fn rule(&self, project_id: &str, id: &str) -> Result<Option<StoredRule>, Error> {
        const SELECT_RULE: &str = select_rules!("AND id = $2");
        Ok(with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_as(SELECT_RULE).bind(project_id).bind(id).fetch_optional(db).await?
        }))
    }
}

/// Returns a rule with only the beginning of its data, because the data may be long. The caller must have locked the project, so
/// that the rule does not change until the transaction ends.
pub(super) async fn abridged_rule(tx: &mut Tx<'_>, project_id: &str, id: &str) -> Result<Option<StoredRule>, Error> {
    const SELECT_ABRIDGED_RULE: &str =
        "SELECT id, name, type, substr(data, 1, $3) AS data, action, priority, is_active, created_at, updated_at
         FROM rules WHERE project_id = $1 AND id = $2";
    // One extra character shows that the data is longer than the limit.
    let length = i32::try_from(RULE_DATA_CHARS_MAX + 1).unwrap_or(i32::MAX);
    Ok(with_conn!(tx, db => {
        sqlx::query_as(SELECT_ABRIDGED_RULE).bind(project_id).bind(id).bind(length).fetch_optional(db).await?
    }))
}

pub(super) async fn insert(tx: &mut Tx<'_>, project_id: &str, rule: &StoredRule) -> Result<(), Error> {
    const INSERT_RULE: &str =
        "INSERT INTO rules (id, project_id, name, type, data, action, priority, is_active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    with_conn!(tx, db => {
        let query = sqlx::query(INSERT_RULE).bind(&rule.id).bind(project_id).bind(&rule.name).bind(&rule.kind);
        let query = query.bind(&rule.data).bind(&rule.action).bind(rule.priority).bind(rule.is_active);
        query.bind(rule.created_at).bind(rule.updated_at).execute(db).await?;
    });
    Ok(())
}

pub(super) async fn update(tx: &mut Tx<'_>, project_id: &str, rule: &StoredRule) -> Result<(), Error> {
    const UPDATE_RULE: &str =
        "UPDATE rules SET name = $3, type = $4, data = $5, action = $6, priority = $7, is_active = $8, updated_at = $9
         WHERE project_id = $1 AND id = $2";
    with_conn!(tx, db => {
        let query = sqlx::query(UPDATE_RULE).bind(project_id).bind(&rule.id).bind(&rule.name).bind(&rule.kind);
        let query = query.bind(&rule.data).bind(&rule.action).bind(rule.priority).bind(rule.is_active);
        query.bind(rule.updated_at).execute(db).await?;
    });
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx<'_>, project_id: &str, id: &str) -> Result<(), Error> {
    const DELETE_RULE: &str = "DELETE FROM rules WHERE project_id = $1 AND id = $2";
    with_conn!(tx, db => { sqlx::query(DELETE_RULE).bind(project_id).bind(id).execute(db).await?; });
    Ok(())
}
