//! Changes that grant or withdraw access: changes to keys, members and users, and the deletion of projects.

use super::App;
use crate::Error;
use crate::auth::generate_key;
use crate::store::{Actor, Invalidation, KeyDraft, KeyInfo, User};

impl App {
    /// Creates a key and returns it. The key itself is not stored, only its hash and the public key that verifies its
    /// tokens.
    pub(crate) async fn create_key(
        &self,
        project_id: &str,
        draft: KeyDraft,
        by: &Actor,
    ) -> Result<(KeyInfo, String), Error> {
        let (key, secret) = generate_key()?;
        Ok((self.store.create_key(project_id, draft, secret, by).await?, key))
    }

    pub(crate) async fn revoke_key(&self, project_id: &str, key_id: &str, by: &Actor) -> Result<(), Error> {
        if !self.store.delete_key(project_id, key_id, by).await? {
            return Err(Error::NotFound("Key"));
        }
        self.apply_invalidation(&Invalidation::KeyRevoked(key_id.to_owned()));
        Ok(())
    }

    /// Switches a key on or off. Switching it off disconnects its sockets.
    pub(crate) async fn switch_key(
        &self,
        project_id: &str,
        key_id: &str,
        is_active: bool,
        by: &Actor,
    ) -> Result<KeyInfo, Error> {
        if !self.store.set_key_active(project_id, key_id, is_active, by).await? {
            return Err(Error::NotFound("Key"));
        }
        self.apply_invalidation(&Invalidation::KeyToggled(key_id.to_owned()));
        self.disconnect_if_switched_off(key_id).await?;
        self.store.key(project_id, key_id).await?.ok_or(Error::NotFound("Key"))
    }

    pub(crate) async fn remove_member(&self, project_id: &str, user_id: &str, by: &Actor) -> Result<(), Error> {
        self.store.remove_member(project_id, user_id, by).await?;
        let (project_id, user_id) = (project_id.to_owned(), user_id.to_owned());
        self.apply_invalidation(&Invalidation::MemberRemoved { project_id, user_id });
        Ok(())
    }

    /// Changes whether a user is an administrator, and whether the user is active. `None` leaves a value unchanged.
    pub(crate) async fn update_user(
        &self,
        id: &str,
        is_admin: Option<bool>,
        is_active: Option<bool>,
        by: &Actor,
    ) -> Result<User, Error> {
        self.store.update_user(id, is_admin, is_active, by).await?;
        let user = self.store.user(id).await?.ok_or(Error::NotFound("User"))?;
        if !user.is_active {
            self.apply_invalidation(&Invalidation::UserDeactivated(id.to_owned()));
        }
        Ok(user)
    }

    /// Changes a user's password and ends all of the user's sessions except `kept_session`.
    pub(crate) async fn set_password(
        &self,
        id: &str,
        password: &str,
        kept_session: Option<&str>,
        by: &Actor,
    ) -> Result<(), Error> {
        let hash = self.auth.check_and_hash_password(password).await?;
        self.store.set_password(id, &hash, kept_session, by).await?;
        self.apply_invalidation(&Invalidation::PasswordChanged {
            user_id: id.to_owned(),
            kept_session: kept_session.map(str::to_owned),
        });
        Ok(())
    }

    pub(crate) async fn delete_project(&self, id: &str, by: &Actor) -> Result<(), Error> {
        self.store.delete_project(id, by).await?;
        self.apply_invalidation(&Invalidation::ProjectDeleted(id.to_owned()));
        self.project_deleted.notify_one();
        Ok(())
    }
}
