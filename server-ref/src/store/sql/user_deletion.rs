//! The deletion of a user. Their decisions stay, under their e-mail address; a project that has an owner keeps one.

use super::{Either, Store, Tx, accounts, members, on};
use crate::Error;
use crate::store::{Actor, AuditDraft, Invalidation, ProjectInfo, Role};
use crate::time::Micros;

impl Store {
    /// Deletes a user, ends their sessions, and makes `heir` the owner of the projects that only they owned, which are returned.
    ///
    /// # Errors
    /// When there are such projects and no heir; the error names them.
    pub(crate) async fn delete_user(
        &self,
        id: &str,
        heir: Option<&str>,
        by: &Actor,
    ) -> Result<Vec<ProjectInfo>, Error> {
        const DELETE: [&str; 2] = ["DELETE FROM sessions WHERE user_id = $1", "DELETE FROM users WHERE id = $1"];
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        lock_user(&mut tx, id).await?;
        let alone = owned_alone(&mut tx, id).await?;
        if heir.is_none() && !alone.is_empty() {
            return Err(Error::Refused(nobody_else(&alone)));
        }
        if let Some(heir) = heir {
            for project in &alone {
                members::insert_or_update(&mut tx, &project.id, heir, Role::Owner, by).await?;
            }
        }
        record(&mut tx, id, by).await?;
        for query in DELETE {
            on!(&mut tx, db => { sqlx::query(query).bind(id).execute(db).await?; });
        }
        tx.announce(&Invalidation::UserDeactivated(id.to_owned())).await?;
        tx.commit().await?;
        Ok(alone)
    }
}

fn nobody_else(projects: &[ProjectInfo]) -> String {
    let names: Vec<String> = projects.iter().map(|project| format!("{:?} ({})", project.name, project.id)).collect();
    format!("nobody else owns {}: --reassign EMAIL makes another user their owner", names.join(", "))
}

/// Makes others wait who would make the user a member of something.
async fn lock_user(tx: &mut Tx<'_>, id: &str) -> Result<(), Error> {
    if let Either::Postgres(tx) = tx {
        sqlx::query("SELECT FROM users WHERE id = $1 FOR UPDATE").bind(id).execute(&mut **tx).await?;
    }
    Ok(())
}

/// The projects whose only owner the user is, which stays true until the transaction ends.
async fn owned_alone(tx: &mut Tx<'_>, user_id: &str) -> Result<Vec<ProjectInfo>, Error> {
    const OWNED: &str = "SELECT project_id FROM members WHERE user_id = $1 AND role = 'owner' ORDER BY project_id";
    const ALONE: &str = "SELECT id, name, created_at FROM projects JOIN members ON project_id = id
                         WHERE user_id = $1 AND role = 'owner' AND NOT EXISTS
                         (SELECT 1 FROM members AS other WHERE other.project_id = id AND other.role = 'owner' AND other.user_id <> $1)
                         ORDER BY id";
    let owned: Vec<String> = on!(tx, db => sqlx::query_scalar(OWNED).bind(user_id).fetch_all(db).await?);
    for project in owned {
        tx.lock_project(&project).await?;
    }
    let rows: Vec<(String, String, Micros)> = on!(tx, db => sqlx::query_as(ALONE).bind(user_id).fetch_all(db).await?);
    let project = |(id, name, created_at)| ProjectInfo { id, name, role: None, created_at };
    Ok(rows.into_iter().map(project).collect())
}

/// Records the deletion, and in each of the user's projects that they are no member any more.
async fn record(tx: &mut Tx<'_>, user_id: &str, by: &Actor) -> Result<(), Error> {
    const PROJECTS: &str = "SELECT project_id FROM members WHERE user_id = $1 ORDER BY project_id";
    let Some(before) = accounts::locked(tx, user_id).await? else {
        return Ok(());
    };
    let projects: Vec<String> = on!(&mut *tx, db => sqlx::query_scalar(PROJECTS).bind(user_id).fetch_all(db).await?);
    for project in projects {
        members::record_removal(tx, &project, user_id, by).await?;
    }
    tx.record(None, &AuditDraft::new(by, "user.delete", user_id).before(before)).await?;
    Ok(())
}
