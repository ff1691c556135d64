//! The deletion of a user. Their decisions stay, under their e-mail address; a project that has an owner keeps one.

use super::{Either, Store, Tx, on};
use crate::Error;
use crate::store::{News, ProjectInfo, Role};
use crate::time::Micros;

impl Store {
    /// Deletes a user, ends their sessions, and makes `heir` the owner of the projects that only they owned, which are returned.
    ///
    /// # Errors
    /// When there are such projects and no heir; the error names them.
    pub(crate) async fn delete_user(&self, id: &str, heir: Option<&str>) -> Result<Vec<ProjectInfo>, Error> {
        const DELETE: [&str; 2] = ["DELETE FROM sessions WHERE user_id = $1", "DELETE FROM users WHERE id = $1"];
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        lock_user(&mut tx, id).await?;
        let alone = owned_alone(&mut tx, id).await?;
        if heir.is_none() && !alone.is_empty() {
            return Err(Error::Refused(nobody_else(&alone)));
        }
        for project in &alone {
            make_owner(&mut tx, &project.id, heir).await?;
        }
        for query in DELETE {
            on!(&mut tx, db => { sqlx::query(query).bind(id).execute(db).await?; });
        }
        tx.tell(&News::UserDeactivated(id.to_owned())).await?;
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

async fn make_owner(tx: &mut Tx<'_>, project_id: &str, user_id: Option<&str>) -> Result<(), Error> {
    const QUERY: &str = "INSERT INTO members (project_id, user_id, role) VALUES ($1, $2, $3)
                         ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role";
    on!(tx, db => {
        let query = sqlx::query(QUERY).bind(project_id).bind(user_id).bind(Role::Owner.as_str());
        query.execute(db).await?;
    });
    Ok(())
}
