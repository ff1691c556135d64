//! The members of a project, and their roles. A project with an owner keeps at least one.

use serde_json::{Value, json};

use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::{Actor, AuditDraft, Invalidation, Member, Role};

impl Store {
    /// The role of an active user; `None`: not a member.
    pub(crate) async fn role(&self, project_id: &str, user_id: &str) -> Result<Option<Role>, Error> {
        const QUERY: &str =
            "SELECT role FROM members JOIN users ON id = user_id WHERE project_id = $1 AND user_id = $2 AND is_active";
        let role: Option<String> = with_conn!(&mut self.reader().await?, db => {
            sqlx::query_scalar(QUERY).bind(project_id).bind(user_id).fetch_optional(db).await?
        });
        Ok(role.map(|role| Role::parse(&role)))
    }

    /// The project of a user who belongs to exactly one.
    pub(crate) async fn only_project(&self, user_id: &str) -> Result<Option<String>, Error> {
        const QUERY: &str = "SELECT project_id FROM members WHERE user_id = $1 LIMIT 2";
        let mut found: Vec<String> = with_conn!(&mut self.reader().await?, db => {
            sqlx::query_scalar(QUERY).bind(user_id).fetch_all(db).await?
        });
        Ok(found.pop().filter(|_| found.is_empty()))
    }

    /// The user's project that contains this item.
    pub(crate) async fn project_of_content(&self, user_id: &str, id: &str) -> Result<Option<String>, Error> {
        const QUERY: &str =
            "SELECT contents.project_id FROM members JOIN contents ON contents.project_id = members.project_id
                             WHERE user_id = $1 AND contents.id = $2";
        Ok(with_conn!(&mut self.reader().await?, db => {
            sqlx::query_scalar(QUERY).bind(user_id).bind(id).fetch_optional(db).await?
        }))
    }

    pub(crate) async fn members(&self, project_id: &str) -> Result<Vec<Member>, Error> {
        const QUERY: &str = "SELECT user_id, email, role FROM members JOIN users ON id = user_id
                             WHERE project_id = $1 ORDER BY lower(email) LIMIT 1000";
        let rows: Vec<(String, String, String)> = with_conn!(&mut *self.reader_of(project_id).await?, db => sqlx::query_as(QUERY).bind(project_id).fetch_all(db).await?);
        let member = |(user_id, email, role): (_, _, String)| Member { user_id, email, role: Role::parse(&role) };
        Ok(rows.into_iter().map(member).collect())
    }

    /// Adds a member; `true` if they were not one before.
    pub(crate) async fn add_member(
        &self,
        project_id: &str,
        user_id: &str,
        role: Role,
        by: &Actor,
    ) -> Result<bool, Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        let added = insert(&mut tx, project_id, user_id, role, by).await?;
        tx.commit().await?;
        Ok(added)
    }

    pub(crate) async fn set_role(&self, project_id: &str, user_id: &str, role: Role, by: &Actor) -> Result<(), Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        tx.lock_project(project_id).await?;
        if role < Role::Owner {
            keep_an_owner(&mut tx, project_id, user_id).await?;
        }
        update(&mut tx, project_id, user_id, role, by).await?;
        Ok(tx.commit().await?)
    }

    pub(crate) async fn remove_member(&self, project_id: &str, user_id: &str, by: &Actor) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM members WHERE project_id = $1 AND user_id = $2";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        tx.lock_project(project_id).await?;
        keep_an_owner(&mut tx, project_id, user_id).await?;
        record_removal(&mut tx, project_id, user_id, by).await?;
        with_conn!(&mut tx, db => { sqlx::query(QUERY).bind(project_id).bind(user_id).execute(db).await?; });
        let (project_id, user_id) = (project_id.to_owned(), user_id.to_owned());
        tx.announce(&Invalidation::MemberRemoved { project_id, user_id }).await?;
        Ok(tx.commit().await?)
    }
}

/// Makes a user a member; `true` if they were not one before.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    project_id: &str,
    user_id: &str,
    role: Role,
    by: &Actor,
) -> Result<bool, Error> {
    const QUERY: &str =
        "INSERT INTO members (project_id, user_id, role, joined_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let at = tx.clock().await?;
    let added = with_conn!(&mut *tx, db => {
        let query = sqlx::query(QUERY).bind(project_id).bind(user_id).bind(role.as_str());
        query.bind(at).execute(db).await?.rows_affected()
    });
    if added == 0 {
        return Ok(false);
    }
    let after = state(tx, project_id, user_id).await?.unwrap_or_default();
    tx.record(Some(project_id), &AuditDraft::new(by, "member.add", user_id).after(after)).await?;
    Ok(true)
}

async fn update(tx: &mut Tx<'_>, project_id: &str, user_id: &str, role: Role, by: &Actor) -> Result<(), Error> {
    const QUERY: &str = "UPDATE members SET role = $1 WHERE project_id = $2 AND user_id = $3";
    let before = state(tx, project_id, user_id).await?.ok_or(Error::NotFound("Member"))?;
    with_conn!(&mut *tx, db => {
        sqlx::query(QUERY).bind(role.as_str()).bind(project_id).bind(user_id).execute(db).await?;
    });
    let after = state(tx, project_id, user_id).await?.unwrap_or_default();
    let draft = AuditDraft::new(by, "member.update", user_id).before(before).after(after);
    Ok(tx.record(Some(project_id), &draft).await?)
}

/// Gives a user this role, whether they are a member already or not.
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

/// Records that a member is about to be removed.
pub(super) async fn record_removal(tx: &mut Tx<'_>, project_id: &str, user_id: &str, by: &Actor) -> Result<(), Error> {
    let before = state(tx, project_id, user_id).await?.ok_or(Error::NotFound("Member"))?;
    Ok(tx.record(Some(project_id), &AuditDraft::new(by, "member.remove", user_id).before(before)).await?)
}

/// A member as the audit log shows them.
async fn state(tx: &mut Tx<'_>, project_id: &str, user_id: &str) -> Result<Option<Value>, Error> {
    const QUERY: &str =
        "SELECT email, role FROM members JOIN users ON id = user_id WHERE project_id = $1 AND user_id = $2";
    let row: Option<(String, String)> =
        with_conn!(tx, db => sqlx::query_as(QUERY).bind(project_id).bind(user_id).fetch_optional(db).await?);
    Ok(row.map(|(email, role)| json!({"email": email, "role": role})))
}

/// Fails if the user is the only owner. The project is locked, so that what it finds stays true until the transaction ends.
async fn keep_an_owner(tx: &mut Tx<'_>, project_id: &str, user_id: &str) -> Result<(), Error> {
    const QUERY: &str = "SELECT user_id FROM members WHERE project_id = $1 AND role = 'owner' LIMIT 2";
    let owners: Vec<String> = with_conn!(tx, db => sqlx::query_scalar(QUERY).bind(project_id).fetch_all(db).await?);
    match owners.as_slice() {
        [only] if only == user_id => Err(Error::Conflict("last_owner", "A project must keep an owner")),
        _ => Ok(()),
    }
}
