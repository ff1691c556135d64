//! Keys, members, users: what gives access, and what happens to open sockets when it is withdrawn.

use super::App;
use crate::Error;
use crate::ids::{key_hash, new_api_key};
use crate::store::{KeyInfo, News, User};

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
        self.apply(&News::KeyRevoked(key_id.to_owned()));
        Ok(())
    }

    pub(crate) async fn remove_member(&self, project_id: &str, user_id: &str) -> Result<(), Error> {
        self.store.remove_member(project_id, user_id).await?;
        let (project_id, user_id) = (project_id.to_owned(), user_id.to_owned());
        self.apply(&News::MemberRemoved { project_id, user_id });
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
            self.apply(&News::UserDeactivated(id.to_owned()));
        }
        Ok(user)
    }

    pub(crate) async fn delete_project(&self, id: &str) -> Result<(), Error> {
        self.store.delete_project(id).await?;
        self.apply(&News::ProjectDeleted(id.to_owned()));
        Ok(())
    }
}
