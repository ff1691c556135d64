//! Deletion of users.
//!
//! The decisions of a deleted user are kept under the user's e-mail address. A project that has an owner always keeps at least
//! one owner.

use super::{Backend, Store, Tx, accounts, members, with_conn};
use crate::Error;
use crate::store::{Actor, AuditDraft, Invalidation, ProjectInfo, Role};
use crate::time::Micros;

impl Store {
    /// Deletes a user and ends the user's sessions. `new_owner` becomes an owner of the projects that had no other owner. Returns
    /// those projects.
    ///
    /// # Errors
    /// Returns [`Error::Refused`], which names the projects, if the user is the only owner of a project and `new_owner` is not
    /// given.
    pub(crate) async fn delete_user(
        &self,
        id: &str,
        new_owner: Option<&str>,
        by: &Actor,
    ) -> Result<Vec<ProjectInfo>, Error> {
        const DELETE_SESSIONS_AND_USER: [&str; 2] =
            ["DELETE FROM sessions WHERE user_id = $1", "DELETE FROM users WHERE id = $1"];
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        lock_users(&mut tx, id, new_owner.unwrap_or(id)).await?;
        let solely_owned = lock_solely_owned_projects(&mut tx, id).await?;
        if new_owner.is_none() && !solely_owned.is_empty() {
            return Err(Error::Refused(missing_new_owner_message(&solely_owned)));
        }
        if let Some(new_owner) = new_owner {
            for project in &solely_owned {
                members::insert_or_update(&mut tx, &project.id, new_owner, Role::Owner, by).await?;
            }
        }
        record_deletion(&mut tx, id, by).await?;
        for query in DELETE_SESSIONS_AND_USER {
            with_conn!(&mut tx, db => { sqlx::query(query).bind(id).execute(db).await?; });
        }
        tx.announce(&Invalidation::UserDeactivated(id.to_owned())).await?;
        tx.commit().await?;
        Ok(solely_owned)
    }
}

fn missing_new_owner_message(projects: &[ProjectInfo]) -> String {
    let names: Vec<String> = projects.iter().map(|project| format!("{:?} ({})", project.name, project.id)).collect();
    format!("the user is the only owner of {}; make another user the owner with --reassign EMAIL", names.join(", "))
}

/// Locks the users. Transactions that would add rows referring to these users, such as memberships, must then wait.
async fn lock_users(tx: &mut Tx<'_>, id: &str, new_owner: &str) -> Result<(), Error> {
    const LOCK_USERS: &str = "SELECT FROM users WHERE id IN ($1, $2) ORDER BY id FOR UPDATE";
    if let Backend::Postgres(tx) = tx {
        sqlx::query(LOCK_USERS).bind(id).bind(new_owner).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Locks, until the transaction ends, the projects that the user owns. Returns those of them that have no other owner.
async fn lock_solely_owned_projects(tx: &mut Tx<'_>, user_id: &str) -> Result<Vec<ProjectInfo>, Error> {
    const SELECT_OWNED_PROJECTS: &str =
        "SELECT project_id FROM members WHERE user_id = $1 AND role = 'owner' ORDER BY project_id";
    const SELECT_SOLELY_OWNED_PROJECTS: &str =
        "SELECT id, name, created_at FROM projects JOIN members ON project_id = id
        WHERE user_id = $1 AND role = 'owner' AND NOT EXISTS
        (SELECT 1 FROM members AS other WHERE other.project_id = id AND other.role = 'owner' AND other.user_id <> $1)
        ORDER BY id";
    let owned: Vec<String> =
        with_conn!(tx, db => sqlx::query_scalar(SELECT_OWNED_PROJECTS).bind(user_id).fetch_all(db).await?);
    for project in owned {
        tx.lock_project(&project).await?;
    }
    let rows: Vec<(String, String, Micros)> =
        with_conn!(tx, db => sqlx::query_as(SELECT_SOLELY_OWNED_PROJECTS).bind(user_id).fetch_all(db).await?);
    let project = |(id, name, created_at)| ProjectInfo { id, name, role: None, created_at };
    Ok(rows.into_iter().map(project).collect())
}

/// Records the deletion of the user, and the end of each of the user's memberships, in the audit log.
async fn record_deletion(tx: &mut Tx<'_>, user_id: &str, by: &Actor) -> Result<(), Error> {
    const SELECT_PROJECTS: &str = "SELECT project_id FROM members WHERE user_id = $1 ORDER BY project_id";
    let Some(before) = accounts::lock_and_read_audit_state(tx, user_id).await? else {
        return Ok(());
    };
    let projects: Vec<String> =
        with_conn!(&mut *tx, db => sqlx::query_scalar(SELECT_PROJECTS).bind(user_id).fetch_all(db).await?);
    for project in projects {
        members::audit_removal(tx, &project, user_id, by).await?;
    }
    tx.record_audit(None, &AuditDraft::new(by, "user.delete", user_id).with_before(before)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::JoinHandle;

    use super::*;
    use crate::store::sql::tests::empty_store;
    use crate::store::{Invitation, InvitationDraft};

    /// Waits until exactly `count` transactions are blocked by a lock.
    async fn wait_for_blocked_transactions(store: &Store, count: i64) {
        const COUNT_BLOCKED: &str = "SELECT COUNT(*) FROM pg_stat_activity
                               WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let wait = async {
            loop {
                let waiting: i64 = with_conn!(&mut store.read_connection().await.unwrap(), db => {
                    sqlx::query_scalar(COUNT_BLOCKED).fetch_one(db).await.unwrap()
                });
                if waiting == count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the transactions are blocked in time");
    }

    fn spawn_invitation(store: &Store, project: &str, user: &str) -> JoinHandle<Result<Invitation, Error>> {
        let (store, project_id, inviter_id) = (store.clone(), project.to_owned(), user.to_owned());
        tokio::spawn(async move {
            let draft = InvitationDraft {
                project_id: &project_id,
                email: "guest@example.org",
                role: Role::Member,
                token_hash: [0; 32],
                inviter_id: &inviter_id,
            };
            store.create_invitation(draft, &Actor::system(), |_| true).await
        })
    }

    fn spawn_deletion(store: &Store, user: &str) -> JoinHandle<Result<Vec<ProjectInfo>, Error>> {
        let (store, user) = (store.clone(), user.to_owned());
        tokio::spawn(async move { store.delete_user(&user, None, &Actor::system()).await })
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: make test-postgres"]
    async fn a_user_is_deleted_while_sending_an_invitation() {
        for invites_first in [true, false] {
            let (store, _folder) = empty_store().await;
            let by = Actor::system();
            let user = store.create_user("user@example.org", "hash", false, &by).await.unwrap().id;
            let other = store.create_user("other@example.org", "hash", false, &by).await.unwrap().id;
            let project = store.create_project("Shared", Some(&user), &by).await.unwrap();
            store.add_member(&project, &other, Role::Owner, &by).await.unwrap();

            let mut connection = store.write_connection().await.unwrap();
            let mut tx = connection.begin_write().await.unwrap();
            tx.lock_project(&project).await.unwrap();
            let (invitation, deletion) = if invites_first {
                let invitation = spawn_invitation(&store, &project, &user);
                wait_for_blocked_transactions(&store, 1).await;
                (invitation, spawn_deletion(&store, &user))
            } else {
                let deletion = spawn_deletion(&store, &user);
                wait_for_blocked_transactions(&store, 1).await;
                (spawn_invitation(&store, &project, &user), deletion)
            };
            wait_for_blocked_transactions(&store, 2).await;
            tx.commit().await.unwrap();

            deletion.await.unwrap().unwrap();
            match invitation.await.unwrap() {
                Ok(_) => assert!(invites_first),
                Err(error) => assert!(!invites_first && matches!(error, Error::NotFound("User")), "{error:?}"),
            }
            drop(connection);
            store.close().await;
        }
    }
}
