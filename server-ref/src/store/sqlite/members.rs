//! Who belongs to a project, and as what. A project that has an owner keeps one.

use sqlx::{Connection as _, SqliteConnection};

use super::SqliteStore;
use crate::Error;
use crate::store::{Member, Role};

impl SqliteStore {
    /// The role of an active user; `None`: not a member.
    pub(crate) async fn role(&self, project_id: &str, user_id: &str) -> Result<Option<Role>, Error> {
        let role: Option<String> = sqlx::query_scalar(
            "SELECT role FROM members JOIN users ON id = user_id WHERE project_id = ? AND user_id = ? AND is_active",
        )
        .bind(project_id)
        .bind(user_id)
        .fetch_optional(self.readers())
        .await?;
        Ok(role.map(|role| Role::parse(&role)))
    }

    pub(crate) async fn members(&self, project_id: &str) -> Result<Vec<Member>, Error> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT user_id, email, role FROM members JOIN users ON id = user_id WHERE project_id = ? ORDER BY email",
        )
        .bind(project_id)
        .fetch_all(self.readers())
        .await?;
        let member = |(user_id, email, role): (_, _, String)| Member { user_id, email, role: Role::parse(&role) };
        Ok(rows.into_iter().map(member).collect())
    }

    /// Whether they were not a member before.
    pub(crate) async fn add_member(&self, project_id: &str, user_id: &str, role: Role) -> Result<bool, Error> {
        let done =
            sqlx::query("INSERT INTO members (project_id, user_id, role) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(project_id)
                .bind(user_id)
                .bind(role.as_str())
                .execute(&mut *self.writer().await?)
                .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn set_role(&self, project_id: &str, user_id: &str, role: Role) -> Result<(), Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        if role < Role::Owner {
            keep_an_owner(&mut tx, project_id, user_id).await?;
        }
        let query = sqlx::query("UPDATE members SET role = ? WHERE project_id = ? AND user_id = ?");
        query.bind(role.as_str()).bind(project_id).bind(user_id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn remove_member(&self, project_id: &str, user_id: &str) -> Result<(), Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        keep_an_owner(&mut tx, project_id, user_id).await?;
        let query = sqlx::query("DELETE FROM members WHERE project_id = ? AND user_id = ?");
        query.bind(project_id).bind(user_id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Fails if the user is the only owner.
async fn keep_an_owner(tx: &mut SqliteConnection, project_id: &str, user_id: &str) -> Result<(), Error> {
    let owners: Vec<String> =
        sqlx::query_scalar("SELECT user_id FROM members WHERE project_id = ? AND role = 'owner' LIMIT 2")
            .bind(project_id)
            .fetch_all(tx)
            .await?;
    match owners.as_slice() {
        [only] if only == user_id => Err(Error::Conflict("last_owner", "A project must keep an owner")),
        _ => Ok(()),
    }
}
