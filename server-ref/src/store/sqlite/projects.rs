//! Projects.

use sqlx::Connection as _;

use super::SqliteStore;
use crate::Error;
use crate::ids::random_id;
use crate::store::{ProjectInfo, Role};
use crate::time::{Micros, now};

impl SqliteStore {
    /// With its owner, if it has one.
    pub(crate) async fn create_project(&self, name: &str, owner: Option<&str>) -> Result<String, Error> {
        let id = random_id();
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("INSERT INTO projects (id, name, created_at) VALUES (?, ?, ?)")
            .bind(&id)
            .bind(name)
            .bind(now())
            .execute(&mut *tx)
            .await?;
        if let Some(owner) = owner {
            sqlx::query("INSERT INTO members (project_id, user_id, role) VALUES (?, ?, ?)")
                .bind(&id)
                .bind(owner)
                .bind(Role::Owner.as_str())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    pub(crate) async fn project_exists(&self, id: &str) -> Result<bool, Error> {
        let row: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM projects WHERE id = ?").bind(id).fetch_optional(self.readers()).await?;
        Ok(row.is_some())
    }

    pub(crate) async fn project(&self, id: &str) -> Result<Option<ProjectInfo>, Error> {
        let row: Option<(String, Micros)> = sqlx::query_as("SELECT name, created_at FROM projects WHERE id = ?")
            .bind(id)
            .fetch_optional(self.readers())
            .await?;
        Ok(row.map(|(name, created_at)| ProjectInfo { id: id.to_owned(), name, role: None, created_at }))
    }

    /// The projects a user belongs to, oldest first.
    pub(crate) async fn projects_of(&self, user_id: &str) -> Result<Vec<ProjectInfo>, Error> {
        let rows: Vec<(String, String, String, Micros)> = sqlx::query_as(
            "SELECT id, name, role, created_at FROM projects JOIN members ON id = project_id
             WHERE user_id = ? ORDER BY created_at, id",
        )
        .bind(user_id)
        .fetch_all(self.readers())
        .await?;
        let project = |(id, name, role, created_at): (_, _, String, _)| {
            let role = Some(Role::parse(&role));
            ProjectInfo { id, name, role, created_at }
        };
        Ok(rows.into_iter().map(project).collect())
    }

    pub(crate) async fn project_ids(&self) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar("SELECT id FROM projects").fetch_all(self.readers()).await?)
    }

    pub(crate) async fn rename_project(&self, id: &str, name: &str) -> Result<(), Error> {
        let query = sqlx::query("UPDATE projects SET name = ? WHERE id = ?").bind(name).bind(id);
        query.execute(&mut *self.writer().await?).await?;
        Ok(())
    }

    /// With everything in it.
    pub(crate) async fn delete_project(&self, id: &str) -> Result<(), Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        for statement in [
            "DELETE FROM moderation_results WHERE content_id IN (SELECT id FROM contents WHERE project_id = ?)",
            "DELETE FROM projects WHERE id = ?",
        ] {
            sqlx::query(statement).bind(id).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
