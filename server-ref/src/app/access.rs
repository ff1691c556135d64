//! Keys, members, users: what gives access, and what happens to open sockets when it is withdrawn.

use super::App;
use crate::Error;
use crate::ids::{key_hash, new_api_key};
use crate::realtime::{Whose, close_room, disconnect, expel};
use crate::store::{KeyInfo, User};

impl App {
    /// Stores the hash of a new key, and returns the key.
    pub(crate) async fn create_key(&self, project_id: &str, name: &str) -> Result<(KeyInfo, String), Error> {
        let key = new_api_key();
        let hash = key_hash(&key).ok_or_else(|| Error::Internal("a new key is not a key".into()))?;
        Ok((self.store.create_key(project_id, name, &hash).await?, key))
    }

    pub(crate) async fn revoke_key(&self, project_id: &str, key_id: &str) -> Result<(), Error> {
        if !self.store.delete_key(project_id, key_id).await? {
            return Err(Error::NotFound("Key"));
        }
        self.auth.forget_keys();
        self.end(Whose::Key(key_id), "The API key was revoked");
        Ok(())
    }

    pub(crate) async fn remove_member(&self, project_id: &str, user_id: &str) -> Result<(), Error> {
        self.store.remove_member(project_id, user_id).await?;
        if let Some(io) = self.io.get() {
            expel(io, user_id, project_id);
        }
        Ok(())
    }

    /// What is `None` stays as it is.
    pub(crate) async fn update_user(
        &self,
        id: &str,
        is_admin: Option<bool>,
        is_active: Option<bool>,
    ) -> Result<User, Error> {
        self.store.update_user(id, is_admin, is_active).await?;
        let user = self.store.user(id).await?.ok_or(Error::NotFound("User"))?;
        if !user.is_active {
            self.end(Whose::User(id), "The user was deactivated");
        }
        Ok(user)
    }

    pub(crate) fn end_session(&self, session: &str) {
        self.end(Whose::Session(session), "The session has ended");
    }

    pub(crate) async fn delete_project(&self, id: &str) -> Result<(), Error> {
        let keys = self.store.keys(id).await?;
        self.store.delete_project(id).await?;
        self.auth.forget_keys();
        self.rules.forget(id);
        if let Some(io) = self.io.get() {
            close_room(io, id);
        }
        for key in keys {
            self.end(Whose::Key(&key.id), "The project was deleted");
        }
        Ok(())
    }

    fn end(&self, whose: Whose<'_>, message: &str) {
        if let Some(io) = self.io.get() {
            disconnect(io, whose, message);
        }
    }
}
