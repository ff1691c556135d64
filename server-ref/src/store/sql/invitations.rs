//! Invitations. They are kept until they are accepted, declined or withdrawn, or expire.

use serde_json::json;

use super::{Store, Tx, members, with_conn};
use crate::Error;
use crate::ids::random_id;
use crate::store::{
    Actor, AuditDraft, Invitation, InvitationDraft, InvitationKey, LISTED_MAX, ReceivedInvitation, Role,
};
use crate::time::Micros;

/// An invitation is good for seven days.
const INVITATION_LIFETIME: Micros = 7 * 24 * 60 * 60 * 1_000_000;
/// Invitations of one project, and those of one user in all projects, which may be made without bound.
const PER_PROJECT_MAX: i64 = 100;
const PER_INVITER_MAX: i64 = 200;
/// The newest invitations of one user, which are shown.
const RECEIVED_MAX: i64 = 200;

/// Invitations that have not expired (`$1` is the time), whose senders may still give the role.
macro_rules! valid {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM invitations JOIN users ON users.id = invitations.invited_by AND users.is_active ",
            "JOIN members ON members.project_id = invitations.project_id AND members.user_id = invitations.invited_by ",
            "AND (members.role = 'owner' OR (members.role = 'admin' AND invitations.role = 'member')) ",
            "JOIN projects ON projects.id = invitations.project_id WHERE invitations.expires_at > $1 ",
            $rest
        )
    };
}
macro_rules! sent {
    ($rest:literal) => {
        valid!(
            "invitations.id, invitations.email, invitations.role, users.email AS invited_by, invitations.created_at,
             invitations.expires_at",
            $rest
        )
    };
}

/// An invitation that is about to be accepted or declined.
#[derive(sqlx::FromRow)]
struct PendingInvitation {
    id: String,
    project_id: String,
    email: String,
    #[sqlx(try_from = "String")]
    role: Role,
    invited_by: String,
}

impl Store {
    /// Invites an e-mail address; no user needs to have it. A new invitation replaces the previous one.
    ///
    /// # Errors
    /// When a member has the address, there are too many invitations, or `may` forbids replacing one of the previous role.
    pub(crate) async fn create_invitation(
        &self,
        draft: InvitationDraft<'_>,
        by: &Actor,
        may: impl Fn(Role) -> bool + Send,
    ) -> Result<Invitation, Error> {
        const DELETE_PREVIOUS: &str = "DELETE FROM invitations WHERE project_id = $1 AND email = $2 RETURNING role";
        const INSERT: &str =
            "INSERT INTO invitations (id, project_id, email, role, token_hash, invited_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let InvitationDraft { project_id, email, role, token_hash, invited_by } = draft;
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        if !tx.keep_user(invited_by).await? {
            return Err(Error::NotFound("User"));
        }
        tx.lock_project(project_id).await?;
        let at = tx.clock().await?;
        if is_member(&mut tx, project_id, email).await? {
            return Err(Error::Conflict("already_member", "They are a member already"));
        }
        let previous: Option<String> = with_conn!(&mut tx, db => {
            sqlx::query_scalar(DELETE_PREVIOUS).bind(project_id).bind(email).fetch_optional(db).await?
        });
        if previous.is_some_and(|role| !may(Role::parse(&role))) {
            return Err(Error::Forbidden("Only owners replace this invitation"));
        }
        check_limits(&mut tx, project_id, invited_by, at).await?;
        let (id, expires_at) = (random_id(), at + INVITATION_LIFETIME);
        with_conn!(&mut tx, db => {
            let query = sqlx::query(INSERT).bind(&id).bind(project_id).bind(email).bind(role.as_str());
            query.bind(&token_hash[..]).bind(invited_by).bind(at).bind(expires_at).execute(db).await?;
        });
        let after = json!({"email": email, "role": role});
        tx.record(Some(project_id), &AuditDraft::new(by, "invitation.create", &id).after(after)).await?;
        tx.commit().await?;
        let (email, invited_by) = (email.to_owned(), by.name.to_string());
        Ok(Invitation { id, email, role, invited_by, created_at: at, expires_at })
    }

    /// Returns the invitations of a project, oldest first.
    pub(crate) async fn invitations(&self, project_id: &str) -> Result<Vec<Invitation>, Error> {
        const QUERY: &str = sent!("AND invitations.project_id = $2 ORDER BY invitations.created_at, invitations.id");
        let now = self.clock().await?;
        Ok(with_conn!(&mut self.reader().await?, db => {
            sqlx::query_as(QUERY).bind(now).bind(project_id).fetch_all(db).await?
        }))
    }

    /// Returns the invitations of a user with this e-mail address, newest first.
    pub(crate) async fn received_invitations(&self, email: &str) -> Result<Vec<ReceivedInvitation>, Error> {
        const QUERY: &str = valid!(
            "invitations.id, projects.id AS project_id, projects.name AS project_name, invitations.role,
             users.email AS invited_by, invitations.created_at, invitations.expires_at",
            "AND invitations.email = $2 ORDER BY invitations.created_at DESC, invitations.id LIMIT $3"
        );
        let (now, email) = (self.clock().await?, email.to_ascii_lowercase());
        Ok(with_conn!(&mut self.reader().await?, db => {
            sqlx::query_as(QUERY).bind(now).bind(email).bind(RECEIVED_MAX).fetch_all(db).await?
        }))
    }

    /// Takes an invitation back, if `may` allows it for its role.
    pub(crate) async fn withdraw_invitation(
        &self,
        project_id: &str,
        id: &str,
        by: &Actor,
        may: impl Fn(Role) -> bool + Send,
    ) -> Result<(), Error> {
        const QUERY: &str = "SELECT invitations.id, project_id, invitations.email, role, users.email AS invited_by
                             FROM invitations JOIN users ON users.id = invited_by
                             WHERE project_id = $1 AND invitations.id = $2";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        tx.lock_project(project_id).await?;
        let found: Option<PendingInvitation> =
            with_conn!(&mut tx, db => sqlx::query_as(QUERY).bind(project_id).bind(id).fetch_optional(db).await?);
        let pending = found.ok_or(Error::NotFound("Invitation"))?;
        if !may(pending.role) {
            return Err(Error::Forbidden("Only owners withdraw this invitation"));
        }
        finish(&mut tx, &pending, "invitation.withdraw", by).await?;
        Ok(tx.commit().await?)
    }

    /// Makes the invited user a member. Returns the project.
    ///
    /// # Errors
    /// When there is no such invitation for this e-mail address, or not any more, or the project has too many members.
    pub(crate) async fn accept_invitation(
        &self,
        key: InvitationKey<'_>,
        user_id: &str,
        by: &Actor,
    ) -> Result<String, Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        if !tx.keep_user(user_id).await? {
            return Err(Error::NotFound("User"));
        }
        let pending = find(&mut tx, &key, &by.name).await?;
        finish(&mut tx, &pending, "invitation.accept", by).await?;
        check_memberships(&mut tx, &pending.project_id, user_id).await?;
        // A member from before keeps the role.
        members::insert(&mut tx, &pending.project_id, user_id, pending.role, by).await?;
        tx.commit().await?;
        Ok(pending.project_id)
    }

    /// Refuses an invitation.
    ///
    /// # Errors
    /// When there is no such invitation for this e-mail address, or not any more.
    pub(crate) async fn decline_invitation(&self, key: InvitationKey<'_>, by: &Actor) -> Result<(), Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        let pending = find(&mut tx, &key, &by.name).await?;
        finish(&mut tx, &pending, "invitation.decline", by).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes those that have expired. Returns how many.
    pub(crate) async fn prune_invitations(&self) -> Result<u64, Error> {
        const QUERY: &str = "DELETE FROM invitations WHERE expires_at <= $1";
        let now = self.clock().await?;
        Ok(with_conn!(&mut self.writer().await?, db => sqlx::query(QUERY).bind(now).execute(db).await?.rows_affected()))
    }
}

async fn is_member(tx: &mut Tx<'_>, project_id: &str, email: &str) -> Result<bool, Error> {
    const QUERY: &str = "SELECT EXISTS (SELECT 1 FROM members JOIN users ON users.id = members.user_id
                                        WHERE members.project_id = $1 AND lower(users.email) = $2)";
    Ok(with_conn!(tx, db => sqlx::query_scalar(QUERY).bind(project_id).bind(email).fetch_one(db).await?))
}

async fn check_limits(tx: &mut Tx<'_>, project_id: &str, invited_by: &str, at: Micros) -> Result<(), Error> {
    const OF_PROJECT: &str = "SELECT count(*) FROM invitations WHERE project_id = $1 AND expires_at > $2";
    const OF_INVITER: &str = "SELECT count(*) FROM invitations WHERE invited_by = $1 AND expires_at > $2";
    for (query, whose, limit) in [(OF_PROJECT, project_id, PER_PROJECT_MAX), (OF_INVITER, invited_by, PER_INVITER_MAX)]
    {
        let count: i64 =
            with_conn!(&mut *tx, db => sqlx::query_scalar(query).bind(whose).bind(at).fetch_one(db).await?);
        if count >= limit {
            return Err(Error::Conflict("limit_reached", "Too many invitations wait for an answer: withdraw some"));
        }
    }
    Ok(())
}

/// Checks that the project may have another member, and the user another project.
async fn check_memberships(tx: &mut Tx<'_>, project_id: &str, user_id: &str) -> Result<(), Error> {
    const OF_PROJECT: &str = "SELECT count(*) FROM members WHERE project_id = $1";
    const OF_USER: &str = "SELECT count(*) FROM members WHERE user_id = $1";
    for (query, whose, message) in [
        (OF_PROJECT, project_id, "The project has too many members"),
        (OF_USER, user_id, "You are a member of too many projects"),
    ] {
        let count: i64 = with_conn!(&mut *tx, db => sqlx::query_scalar(query).bind(whose).fetch_one(db).await?);
        if usize::try_from(count).unwrap_or(usize::MAX) >= LISTED_MAX {
            return Err(Error::Conflict("limit_reached", message));
        }
    }
    Ok(())
}

/// The valid invitation for this e-mail address. Its project is locked, so that it stays valid until the transaction ends.
async fn find(tx: &mut Tx<'_>, key: &InvitationKey<'_>, email: &str) -> Result<PendingInvitation, Error> {
    const OF_TOKEN: &str = "SELECT id, project_id FROM invitations WHERE token_hash = $1";
    const OF_ID: &str = "SELECT id, project_id FROM invitations WHERE id = $1";
    const VALID: &str = valid!(
        "invitations.id, invitations.project_id, invitations.email, invitations.role, users.email AS invited_by",
        "AND invitations.id = $2"
    );
    let gone = || Error::NotFound("Invitation");
    let found: Option<(String, String)> = with_conn!(&mut *tx, db => match key {
        InvitationKey::Token(hash) => sqlx::query_as(OF_TOKEN).bind(&hash[..]).fetch_optional(db).await?,
        InvitationKey::Id(id) => sqlx::query_as(OF_ID).bind(*id).fetch_optional(db).await?,
    });
    let (id, project_id) = found.ok_or_else(gone)?;
    tx.lock_project(&project_id).await?;
    let at = tx.clock().await?;
    let pending: Option<PendingInvitation> =
        with_conn!(&mut *tx, db => sqlx::query_as(VALID).bind(at).bind(&id).fetch_optional(db).await?);
    let pending = pending.ok_or_else(gone)?;
    match (pending.email == email.to_ascii_lowercase(), key) {
        (true, _) => Ok(pending),
        // A token is a secret, an id is not: nobody learns from it that there is an invitation.
        (false, InvitationKey::Token(_)) => Err(Error::Forbidden("The invitation is for another e-mail address")),
        (false, InvitationKey::Id(_)) => Err(gone()),
    }
}

/// Deletes an invitation that was answered or withdrawn.
async fn finish(tx: &mut Tx<'_>, pending: &PendingInvitation, action: &'static str, by: &Actor) -> Result<(), Error> {
    const QUERY: &str = "DELETE FROM invitations WHERE id = $1";
    with_conn!(&mut *tx, db => { sqlx::query(QUERY).bind(&pending.id).execute(db).await?; });
    let before = json!({"email": pending.email, "role": pending.role, "invited_by": pending.invited_by});
    Ok(tx.record(Some(&pending.project_id), &AuditDraft::new(by, action, &pending.id).before(before)).await?)
}
