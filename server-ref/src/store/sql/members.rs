//! Storage of project members and their roles. A project that has an owner always keeps at least one owner.

use serde_json::{Value, json};

use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::{Actor, AuditDraft, Invalidation, Member, Role};

impl Store {
    /// Returns the role of a user in a project, or `None` if the user is not a member or is not active.
    pub(crate) async fn role(&self, project_id: &str, user_id: &str) -> Result<Option<Role>, Error> {
        const SELECT_ROLE: &str =
            "SELECT role FROM members JOIN users ON id = user_id WHERE project_id = $1 AND user_id = $2 AND is_active";
        let role: Option<String> = with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_scalar(SELECT_ROLE).bind(project_id).bind(user_id).fetch_optional(db).await?
        });
        Ok(role.map(|role| Role::parse(&role)))
    }

    /// Returns the id of the user's project if the user is a member of exactly one project.
    pub(crate) async fn sole_project_id(&self, user_id: &str) -> Result<Option<String>, Error> {
        const SELECT_TWO_PROJECTS: &str = "SELECT project_id FROM members WHERE user_id = $1 LIMIT 2";
        let mut found: Vec<String> = with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_scalar(SELECT_TWO_PROJECTS).bind(user_id).fetch_all(db).await?
        });
        Ok(found.pop().filter(|_| found.is_empty()))
    }

    /// Returns the id of the project that contains the item, if the user is a member of that project.
    pub(crate) async fn project_id_of_content(&self, user_id: &str, id: &str) -> Result<Option<String>, Error> {
        const SELECT_PROJECT: &str =
            "SELECT contents.project_id FROM members JOIN contents ON contents.project_id = members.project_id
                             WHERE user_id = $1 AND contents.id = $2";
        Ok(with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_scalar(SELECT_PROJECT).bind(user_id).bind(id).fetch_optional(db).await?
        }))
    }

    pub(crate) async fn members(&self, project_id: &str) -> Result<Vec<Member>, Error> {
        const SELECT_MEMBERS: &str = "SELECT user_id, email, role FROM members JOIN users ON id = user_id
                             WHERE project_id = $1 ORDER BY lower(email) LIMIT 1000";
        let rows: Vec<(String, String, String)> = with_conn!(&mut *self.project_read_connection(project_id).await?, db => sqlx::query_as(SELECT_MEMBERS).bind(project_id).fetch_all(db).await?);
        let member = |(user_id, email, role): (_, _, String)| Member { user_id, email, role: Role::parse(&role) };
        Ok(rows.into_iter().map(member).collect())
    }

    /// Adds a member. Returns false if the user was already a member.
    pub(crate) async fn add_member(
        &self,
        project_id: &str,
        user_id: &str,
        role: Role,
        by: &Actor,
    ) -> Result<bool, Error> {
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        let added = insert(&mut tx, project_id, user_id, role, by).await?;
        tx.commit().await?;
        Ok(added)
    }

    pub(crate) async fn set_role(&self, project_id: &str, user_id: &str, role: Role, by: &Actor) -> Result<(), Error> {
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        tx.lock_project(project_id).await?;
        if role < Role::Owner {
            ensure_other_owner(&mut tx, project_id, user_id).await?;
        }
        update(&mut tx, project_id, user_id, role, by).await?;
        Ok(tx.commit().await?)
    }

    pub(crate) async fn remove_member(&self, project_id: &str, user_id: &str, by: &Actor) -> Result<(), Error> {
        const DELETE_MEMBER: &str = "DELETE FROM members WHERE project_id = $1 AND user_id = $2";
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        tx.lock_project(project_id).await?;
        ensure_other_owner(&mut tx, project_id, user_id).await?;
        audit_removal(&mut tx, project_id, user_id, by).await?;
        with_conn!(&mut tx, db => { sqlx::query(DELETE_MEMBER).bind(project_id).bind(user_id).execute(db).await?; });
        let (project_id, user_id) = (project_id.to_owned(), user_id.to_owned());
        tx.announce(&Invalidation::MemberRemoved { project_id, user_id }).await?;
        Ok(tx.commit().await?)
    }
}

/// Makes a user a member. Returns false if the user was already a member.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    project_id: &str,
    user_id: &str,
    role: Role,
    by: &Actor,
) -> Result<bool, Error> {
    const INSERT_MEMBER: &str =
        "INSERT INTO members (project_id, user_id, role, joined_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let at = tx.database_time().await?;
    let added = with_conn!(&mut *tx, db => {
        let query = sqlx::query(INSERT_MEMBER).bind(project_id).bind(user_id).bind(role.as_str());
        query.bind(at).execute(db).await?.rows_affected()
    });
    if added == 0 {
        return Ok(false);
    }
    let after = audit_state(tx, project_id, user_id).await?.unwrap_or_default();
    tx.record_audit(Some(project_id), &AuditDraft::new(by, "member.add", user_id).with_after(after)).await?;
    Ok(true)
}

async fn update(tx: &mut Tx<'_>, project_id: &str, user_id: &str, role: Role, by: &Actor) -> Result<(), Error> {
    const UPDATE_ROLE: &str = "UPDATE members SET role = $1 WHERE project_id = $2 AND user_id = $3";
    let before = audit_state(tx, project_id, user_id).await?.ok_or(Error::NotFound("Member"))?;
    with_conn!(&mut *tx, db => {
        sqlx::query(UPDATE_ROLE).bind(role.as_str()).bind(project_id).bind(user_id).execute(db).await?;
    });
    let after = audit_state(tx, project_id, user_id).await?.unwrap_or_default();
    let draft = AuditDraft::new(by, "member.update", user_id).with_before(before).with_after(after);
    Ok(tx.record_audit(Some(project_id), &draft).await?)
}

/// Sets the role of a user, who becomes a member if necessary.
pub(super) async fn insert_or_update(
    tx: &mut Tx<'_>,
    project_id: &str,
    user_id: &str,
    role: Role,
    by: &Actor,
) -> Result<(), Error> {
    match insert(tx, project_id, user_id, role, by).await? {
        true => Ok(()),
        false => update(tx, project_id, user_id, role, by).await,
    }
}

/// Records the removal of a member in the audit log. Must be called before the removal.
pub(super) async fn audit_removal(tx: &mut Tx<'_>, project_id: &str, user_id: &str, by: &Actor) -> Result<(), Error> {
    let before = audit_state(tx, project_id, user_id).await?.ok_or(Error::NotFound("Member"))?;
    Ok(tx.record_audit(Some(project_id), &AuditDraft::new(by, "member.remove", user_id).with_before(before)).await?)
}

/// Returns the state of a member for the audit log.
async fn audit_state(tx: &mut Tx<'_>, project_id: &str, user_id: &str) -> Result<Option<Value>, Error> {
    const SELECT_MEMBER: &str =
        "SELECT email, role FROM members JOIN users ON id = user_id WHERE project_id = $1 AND user_id = $2";
    let row: Option<(String, String)> =
        with_conn!(tx, db => sqlx::query_as(SELECT_MEMBER).bind(project_id).bind(user_id).fetch_optional(db).await?);
    Ok(row.map(|(email, role)| json!({"email": email, "role": role})))
}

/// Returns an error if the user is the project's only owner. The caller must have locked the project, so that the result stays
/// valid until the transaction ends.
async fn ensure_other_owner(tx: &mut Tx<'_>, project_id: &str, user_id: &str) -> Result<(), Error> {
    const SELECT_TWO_OWNERS: &str = "SELECT user_id FROM members WHERE project_id = $1 AND role = 'owner' LIMIT 2";
    let owners: Vec<String> =
        with_conn!(tx, db => sqlx::query_scalar(SELECT_TWO_OWNERS).bind(project_id).fetch_all(db).await?);
    match owners.as_slice() {
        [only] if only == user_id => Err(Error::Conflict("last_owner", "A project must have at least one owner")),
        _ => Ok(()),
    }
}
