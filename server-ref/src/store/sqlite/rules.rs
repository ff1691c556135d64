//! Reading a project's rules; they are written by `commit`, together with their event.

use super::SqliteStore;
use crate::Error;
use crate::store::StoredRule;

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    r#type: String,
    data: String,
    action: String,
    priority: i64,
    is_active: bool,
}

impl SqliteStore {
    /// The rules in force, highest priority first; among equals the older one.
    pub(crate) async fn active_rules(&self, project_id: &str) -> Result<Vec<StoredRule>, Error> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, name, type, data, action, priority, is_active FROM rules
             WHERE project_id = ? AND is_active ORDER BY priority DESC, created_at, id",
        )
        .bind(project_id)
        .fetch_all(self.readers())
        .await?;
        let rules = rows.into_iter().map(|row| StoredRule {
            id: row.id,
            name: row.name,
            kind: row.r#type,
            data: row.data,
            action: row.action,
            priority: row.priority,
            is_active: row.is_active,
        });
        Ok(rules.collect())
    }
}
