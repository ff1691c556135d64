//! Storage of invitations. An invitation is kept until it is accepted, declined, withdrawn or replaced, until it expires, or until the
//! project or the sender is deleted.

use serde_json::json;

use super::{Store, Tx, members, with_conn};
use crate::Error;
use crate::ids::random_id;
use crate::store::{
    Actor, AuditDraft, Invitation, InvitationDraft, InvitationRef, ReceivedInvitation, Role, UNPAGED_LIST_MAX,
};
use crate::time::Micros;

/// Time until an invitation expires, in microseconds.
const INVITATION_LIFETIME: Micros = 7 * 24 * 60 * 60 * 1_000_000;
/// Maximum number of pending invitations per project.
const INVITATIONS_PER_PROJECT_MAX: i64 = 100;
/// Maximum number of pending invitations per sender. The limit per project does not suffice, because each user can own many projects.
const INVITATIONS_PER_SENDER_MAX: i64 = 200;
/// Maximum number of entries in the list of a user's received invitations.
const SHOWN_RECEIVED_INVITATIONS_MAX: i64 = 200;

/// A query for valid invitations: invitations that have not expired at the time `$1`, and whose senders may still grant the role.
macro_rules! select_valid {
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
macro_rules! select_sent {
    ($rest:literal) => {
        select_valid!(
            "invitations.id, invitations.email, invitations.role, users.email AS invited_by, invitations.created_at,
             invitations.expires_at",
            $rest
        )
    };
}

/// An invitation that is about to be accepted, declined or withdrawn.
#[derive(sqlx::FromRow)]
struct PendingInvitation {
    id: String,
    project_id: String,
    email: String,
    #[sqlx(try_from = "String")]
    role: Role,
    /// E-mail address of the user who sent the invitation.
    inviter_email: String,
}

impl Store {
    /// Creates an invitation for an e-mail address, whether or not a user with this address exists. The new invitation replaces a
    /// previous invitation to the same project for the same address.
    ///
    /// # Errors
    /// Returns an error if the sender does not exist, if the address belongs to a member, if there are too many invitations, or if
    /// `may_replace` returns false for the role of the previous invitation.
    pub(crate) async fn create_invitation(
        &self,
        draft: InvitationDraft<'_>,
        by: &Actor,
        may_replace: impl Fn(Role) -> bool + Send,
    ) -> Result<Invitation, Error> {
        const DELETE_PREVIOUS_INVITATION: &str =
            "DELETE FROM invitations WHERE project_id = $1 AND email = $2 RETURNING role";
        const INSERT_INVITATION: &str =
            "INSERT INTO invitations (id, project_id, email, role, token_hash, invited_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let InvitationDraft { project_id, email, role, token_hash, inviter_id } = draft;
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        if !tx.prevent_user_deletion(inviter_id).await? {
            return Err(Error::NotFound("User"));
        }
        tx.lock_project(project_id).await?;
        let at = tx.database_time().await?;
        if is_member(&mut tx, project_id, email).await? {
            return Err(Error::Conflict("already_member", "The user is already a member"));
        }
        let previous: Option<String> = with_conn!(&mut tx, db => {
            sqlx::query_scalar(DELETE_PREVIOUS_INVITATION).bind(project_id).bind(email).fetch_optional(db).await?
        });
        if previous.is_some_and(|role| !may_replace(Role::parse(&role))) {
            return Err(Error::Forbidden("Only owners may replace this invitation"));
        }
        check_invitation_limits(&mut tx, project_id, inviter_id, at).await?;
        let (id, expires_at) = (random_id(), at + INVITATION_LIFETIME);
        with_conn!(&mut tx, db => {
            let query = sqlx::query(INSERT_INVITATION).bind(&id).bind(project_id).bind(email).bind(role.as_str());
            query.bind(&token_hash[..]).bind(inviter_id).bind(at).bind(expires_at).execute(db).await?;
        });
        let after = json!({"email": email, "role": role});
        tx.record_audit(Some(project_id), &AuditDraft::new(by, "invitation.create", &id).with_after(after)).await?;
        tx.commit().await?;
        let (email, invited_by) = (email.to_owned(), by.name.to_string());
        Ok(Invitation { id, email, role, invited_by, created_at: at, expires_at })
    }

    /// Returns the valid invitations to a project, oldest first.
    pub(crate) async fn invitations(&self, project_id: &str) -> Result<Vec<Invitation>, Error> {
        const SELECT_OF_PROJECT: &str =
            select_sent!("AND invitations.project_id = $2 ORDER BY invitations.created_at, invitations.id");
        let now = self.database_time().await?;
        Ok(with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_as(SELECT_OF_PROJECT).bind(now).bind(project_id).fetch_all(db).await?
        }))
    }

    /// Returns the newest valid invitations for an e-mail address, newest first.
    pub(crate) async fn received_invitations(&self, email: &str) -> Result<Vec<ReceivedInvitation>, Error> {
        const SELECT_RECEIVED: &str = select_valid!(
            "invitations.id, projects.id AS project_id, projects.name AS project_name, invitations.role,
             users.email AS invited_by, invitations.created_at, invitations.expires_at",
            "AND invitations.email = $2 ORDER BY invitations.created_at DESC, invitations.id LIMIT $3"
        );
        let (now, email) = (self.database_time().await?, email.to_ascii_lowercase());
        Ok(with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_as(SELECT_RECEIVED).bind(now).bind(email).bind(SHOWN_RECEIVED_INVITATIONS_MAX).fetch_all(db).await?
        }))
    }

    /// Withdraws an invitation, provided that `may_withdraw` returns true for its role.
    pub(crate) async fn withdraw_invitation(
        &self,
        project_id: &str,
        id: &str,
        by: &Actor,
        may_withdraw: impl Fn(Role) -> bool + Send,
    ) -> Result<(), Error> {
        const SELECT_INVITATION: &str =
            "SELECT invitations.id, project_id, invitations.email, role, users.email AS inviter_email
                             FROM invitations JOIN users ON users.id = invited_by
                             WHERE project_id = $1 AND invitations.id = $2";
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        tx.lock_project(project_id).await?;
        let found: Option<PendingInvitation> = with_conn!(&mut tx, db => sqlx::query_as(SELECT_INVITATION).bind(project_id).bind(id).fetch_optional(db).await?);
        let pending = found.ok_or(Error::NotFound("Invitation"))?;
        if !may_withdraw(pending.role) {
            return Err(Error::Forbidden("Only owners may withdraw this invitation"));
        }
        remove_invitation(&mut tx, &pending, "invitation.withdraw", by).await?;
        Ok(tx.commit().await?)
    }

    /// Accepts an invitation, which makes the invited user a member, and returns the project's id.
    ///
    /// # Errors
    /// Returns an error if there is no valid invitation for the user's e-mail address, if the project has too many members, or if the
    /// user is a member of too many projects.
    pub(crate) async fn accept_invitation(
        &self,
        invitation: InvitationRef<'_>,
        user_id: &str,
        by: &Actor,
    ) -> Result<String, Error> {
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        if !tx.prevent_user_deletion(user_id).await? {
            return Err(Error::NotFound("User"));
        }
        let pending = lock_valid_invitation(&mut tx, &invitation, &by.name).await?;
        remove_invitation(&mut tx, &pending, "invitation.accept", by).await?;
        check_membership_limits(&mut tx, &pending.project_id, user_id).await?;
        // A user who is already a member keeps their current role.
        members::insert(&mut tx, &pending.project_id, user_id, pending.role, by).await?;
        tx.commit().await?;
        Ok(pending.project_id)
    }

    /// Declines and deletes an invitation.
    ///
    /// # Errors
    /// Returns an error if there is no valid invitation for the user's e-mail address.
    pub(crate) async fn decline_invitation(&self, invitation: InvitationRef<'_>, by: &Actor) -> Result<(), Error> {
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        let pending = lock_valid_invitation(&mut tx, &invitation, &by.name).await?;
        remove_invitation(&mut tx, &pending, "invitation.decline", by).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes expired invitations and returns their number.
    pub(crate) async fn prune_invitations(&self) -> Result<u64, Error> {
        const DELETE_EXPIRED: &str = "DELETE FROM invitations WHERE expires_at <= $1";
        let now = self.database_time().await?;
        Ok(
            with_conn!(&mut self.write_connection().await?, db => sqlx::query(DELETE_EXPIRED).bind(now).execute(db).await?.rows_affected()),
        )
    }
}

async fn is_member(tx: &mut Tx<'_>, project_id: &str, email: &str) -> Result<bool, Error> {
    const IS_MEMBER: &str = "SELECT EXISTS (SELECT 1 FROM members JOIN users ON users.id = members.user_id
                                        WHERE members.project_id = $1 AND lower(users.email) = $2)";
    Ok(with_conn!(tx, db => sqlx::query_scalar(IS_MEMBER).bind(project_id).bind(email).fetch_one(db).await?))
}

async fn check_invitation_limits(tx: &mut Tx<'_>, project_id: &str, inviter_id: &str, at: Micros) -> Result<(), Error> {
    const COUNT_OF_PROJECT: &str = "SELECT count(*) FROM invitations WHERE project_id = $1 AND expires_at > $2";
    const COUNT_OF_SENDER: &str = "SELECT count(*) FROM invitations WHERE invited_by = $1 AND expires_at > $2";
    for (query, whose, limit) in [
        (COUNT_OF_PROJECT, project_id, INVITATIONS_PER_PROJECT_MAX),
        (COUNT_OF_SENDER, inviter_id, INVITATIONS_PER_SENDER_MAX),
    ] {
        let count: i64 =
            with_conn!(&mut *tx, db => sqlx::query_scalar(query).bind(whose).bind(at).fetch_one(db).await?);
        if count >= limit {
            return Err(Error::Conflict("limit_reached", "Too many invitations are pending; withdraw some first"));
        }
    }
    Ok(())
}

/// Checks that the project can have another member, and that the user can join another project.
async fn check_membership_limits(tx: &mut Tx<'_>, project_id: &str, user_id: &str) -> Result<(), Error> {
    const COUNT_MEMBERS: &str = "SELECT count(*) FROM members WHERE project_id = $1";
    const COUNT_MEMBERSHIPS: &str = "SELECT count(*) FROM members WHERE user_id = $1";
    for (query, whose, message) in [
        (COUNT_MEMBERS, project_id, "The project has too many members"),
        (COUNT_MEMBERSHIPS, user_id, "You are a member of too many projects"),
    ] {
        let count: i64 = with_conn!(&mut *tx, db => sqlx::query_scalar(query).bind(whose).fetch_one(db).await?);
        if usize::try_from(count).unwrap_or(usize::MAX) >= UNPAGED_LIST_MAX {
            return Err(Error::Conflict("limit_reached", message));
        }
    }
    Ok(())
}

/// Finds a valid invitation for an e-mail address and locks the project so that the invitation remains valid until the
/// transaction ends.
async fn lock_valid_invitation(
    tx: &mut Tx<'_>,
    invitation: &InvitationRef<'_>,
    email: &str,
) -> Result<PendingInvitation, Error> {
    const SELECT_BY_TOKEN: &str = "SELECT id, project_id FROM invitations WHERE token_hash = $1";
    const SELECT_BY_ID: &str = "SELECT id, project_id FROM invitations WHERE id = $1";
    const SELECT_VALID: &str = select_valid!(
        "invitations.id, invitations.project_id, invitations.email, invitations.role, users.email AS inviter_email",
        "AND invitations.id = $2"
    );
    let not_found = || Error::NotFound("Invitation");
    let found: Option<(String, String)> = with_conn!(&mut *tx, db => match invitation {
        InvitationRef::Token(hash) => sqlx::query_as(SELECT_BY_TOKEN).bind(&hash[..]).fetch_optional(db).await?,
        InvitationRef::Id(id) => sqlx::query_as(SELECT_BY_ID).bind(*id).fetch_optional(db).await?,
    });
    let (id, project_id) = found.ok_or_else(not_found)?;
    tx.lock_project(&project_id).await?;
    let at = tx.database_time().await?;
    let pending: Option<PendingInvitation> =
        with_conn!(&mut *tx, db => sqlx::query_as(SELECT_VALID).bind(at).bind(&id).fetch_optional(db).await?);
    let pending = pending.ok_or_else(not_found)?;
    match (pending.email == email.to_ascii_lowercase(), invitation) {
        (true, _) => Ok(pending),
        // Ids are not secret, so the answer to a request with an id must not reveal that the invitation exists. Tokens are secret, so
        // a user who sends one already knows that the invitation exists.
        (false, InvitationRef::Token(_)) => Err(Error::Forbidden("The invitation is for another e-mail address")),
        (false, InvitationRef::Id(_)) => Err(not_found()),
    }
}

/// Deletes an invitation that was accepted, declined or withdrawn, and records the action in the audit log.
async fn remove_invitation(
    tx: &mut Tx<'_>,
    pending: &PendingInvitation,
    action: &'static str,
    by: &Actor,
) -> Result<(), Error> {
    const DELETE_INVITATION: &str = "DELETE FROM invitations WHERE id = $1";
    with_conn!(&mut *tx, db => { sqlx::query(DELETE_INVITATION).bind(&pending.id).execute(db).await?; });
    let before = json!({"email": pending.email, "role": pending.role, "invited_by": pending.inviter_email});
    Ok(tx
        .record_audit(Some(&pending.project_id), &AuditDraft::new(by, action, &pending.id).with_before(before))
        .await?)
}
