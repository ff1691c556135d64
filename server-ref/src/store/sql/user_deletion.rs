//! The deletion of a user. Their decisions stay, under their e-mail address; a project that has an owner keeps one.

use super::{Backend, Store, Tx, accounts, members, with_conn};
use crate::Error;
use crate::store::{Actor, AuditDraft, Invalidation, ProjectInfo, Role};
use crate::time::Micros;

impl Store {
    /// Deletes a user, ends their sessions, and makes `heir` the owner of the projects that only they owned, which are returned.
    ///
    /// # Errors
    /// If there are such projects and no heir; the error names the projects.
    pub(crate) async fn delete_user(
        &self,
        id: &str,
        heir: Option<&str>,
        by: &Actor,
    ) -> Result<Vec<ProjectInfo>, Error> {
        const DELETE: [&str; 2] = ["DELETE FROM sessions WHERE user_id = $1", "DELETE FROM users WHERE id = $1"];
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        lock_users(&mut tx, id, heir.unwrap_or(id)).await?;
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
            with_conn!(&mut tx, db => { sqlx::query(query).bind(id).execute(db).await?; });
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

/// Makes transactions wait that would add rows of these users, such as memberships and invitations.
async fn lock_users(tx: &mut Tx<'_>, id: &str, heir: &str) -> Result<(), Error> {
    const LOCKED: &str = "SELECT FROM users WHERE id IN ($1, $2) ORDER BY id FOR UPDATE";
    if let Backend::Postgres(tx) = tx {
        sqlx::query(LOCKED).bind(id).bind(heir).execute(&mut **tx).await?;
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
    let owned: Vec<String> = with_conn!(tx, db => sqlx::query_scalar(OWNED).bind(user_id).fetch_all(db).await?);
    for project in owned {
        tx.lock_project(&project).await?;
    }
    let rows: Vec<(String, String, Micros)> =
        with_conn!(tx, db => sqlx::query_as(ALONE).bind(user_id).fetch_all(db).await?);
    let project = |(id, name, created_at)| ProjectInfo { id, name, role: None, created_at };
    Ok(rows.into_iter().map(project).collect())
}

/// Records the deletion, and the end of the membership in each of the user's projects.
async fn record(tx: &mut Tx<'_>, user_id: &str, by: &Actor) -> Result<(), Error> {
    const PROJECTS: &str = "SELECT project_id FROM members WHERE user_id = $1 ORDER BY project_id";
    let Some(before) = accounts::locked(tx, user_id).await? else {
        return Ok(());
    };
    let projects: Vec<String> =
        with_conn!(&mut *tx, db => sqlx::query_scalar(PROJECTS).bind(user_id).fetch_all(db).await?);
    for project in projects {
        members::record_removal(tx, &project, user_id, by).await?;
    }
    tx.record(None, &AuditDraft::new(by, "user.delete", user_id).before(before)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::JoinHandle;

    use super::*;
    use crate::store::sql::tests::empty_store;
    use crate::store::{Invitation, InvitationDraft};

    /// Waits until this many transactions wait for a lock.
    async fn locks_wait(store: &Store, count: i64) {
        const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity
                               WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let wait = async {
            loop {
                let waiting: i64 = with_conn!(&mut store.reader().await.unwrap(), db => {
                    sqlx::query_scalar(WAITING).fetch_one(db).await.unwrap()
                });
                if waiting == count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the transactions wait for a lock");
    }

    fn invite(store: &Store, project: &str, user: &str) -> JoinHandle<Result<Invitation, Error>> {
        let (store, project_id, invited_by) = (store.clone(), project.to_owned(), user.to_owned());
        tokio::spawn(async move {
            let draft = InvitationDraft {
                project_id: &project_id,
                email: "guest@example.org",
                role: Role::Member,
                token_hash: [0; 32],
                invited_by: &invited_by,
            };
            store.create_invitation(draft, &Actor::system(), |_| true).await
        })
    }

    fn delete(store: &Store, user: &str) -> JoinHandle<Result<Vec<ProjectInfo>, Error>> {
        let (store, user) = (store.clone(), user.to_owned());
        tokio::spawn(async move { store.delete_user(&user, None, &Actor::system()).await })
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: make test-postgres"]
    async fn an_inviter_is_deleted_while_they_invite() {
        for invites_first in [true, false] {
            let (store, _folder) = empty_store().await;
            let by = Actor::system();
            let user = store.create_user("user@example.org", "hash", false, &by).await.unwrap().id;
            let other = store.create_user("other@example.org", "hash", false, &by).await.unwrap().id;
            let project = store.create_project("Shared", Some(&user), &by).await.unwrap();
            store.add_member(&project, &other, Role::Owner, &by).await.unwrap();

            let mut writer = store.writer().await.unwrap();
            let mut tx = writer.begin().await.unwrap();
            tx.lock_project(&project).await.unwrap();
            let (invitation, deletion) = if invites_first {
                let invitation = invite(&store, &project, &user);
                locks_wait(&store, 1).await;
                (invitation, delete(&store, &user))
            } else {
                let deletion = delete(&store, &user);
                locks_wait(&store, 1).await;
                (invite(&store, &project, &user), deletion)
            };
            locks_wait(&store, 2).await;
            tx.commit().await.unwrap();

            deletion.await.unwrap().unwrap();
            match invitation.await.unwrap() {
                Ok(_) => assert!(invites_first),
                Err(error) => assert!(!invites_first && matches!(error, Error::NotFound("User")), "{error:?}"),
            }
            drop(writer);
            store.close().await;
        }
    }
}
