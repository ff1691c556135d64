//! Who is asking: an API key (one project) or a signed-in user (the projects they belong to).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use http::HeaderMap;
use http::header::COOKIE;
use tower_sessions::session::{Id, Record};

use crate::Error;
use crate::ids::{KeyHash, key_hash};
use crate::store::{KeyOwner, Store, User};

/// The name of the session cookie, and of the user's id in it.
pub(crate) const SESSION_COOKIE: &str = "session";
pub(crate) const SESSION_USER: &str = "user_id";

/// Argon2 takes 19 MiB each time: more at once would only be slower.
const CONCURRENT_HASHES: usize = 2;

/// Checked when the user is unknown, so that the answer takes as long. No password is known that it fits.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y29uc3RhbnRseS1zbG93IQ$p3rFq0m2Jt9vZ6wq1n5xk8Yc4uBd7sLhXe0aGfTiRoM";

/// Someone whose credentials were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    Key { project_id: Arc<str> },
    User { id: Arc<str>, session: Arc<str> },
}

#[derive(Debug)]
pub(crate) struct Auth {
    store: Store,
    /// Keys that were found: a look-up per request would cost more than the moderation.
    keys: RwLock<HashMap<KeyHash, KeyOwner>>,
    hashing: Arc<tokio::sync::Semaphore>,
}

impl Auth {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, keys: RwLock::default(), hashing: Arc::new(tokio::sync::Semaphore::new(CONCURRENT_HASHES)) }
    }

    pub(crate) async fn by_key(&self, key: &str) -> Result<Option<Principal>, Error> {
        let Some(hash) = key_hash(key) else {
            return Ok(None);
        };
        let known = {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.get(&hash).cloned()
        };
        let owner = match known {
            Some(owner) => owner,
            None => {
                let Some(owner) = self.store.key_owner(&hash).await? else {
                    return Ok(None);
                };
                let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                keys.insert(hash, owner.clone());
                owner
            }
        };
        Ok(Some(Principal::Key { project_id: owner.project_id }))
    }

    /// The user of the session cookie, if there is one that is alive.
    pub(crate) async fn by_cookie(&self, headers: &HeaderMap) -> Result<Option<Principal>, Error> {
        let Some(id) = session_cookie(headers).and_then(|value| value.parse::<Id>().ok()) else {
            return Ok(None);
        };
        let Some(data) = self.store.session(&id.to_string()).await? else {
            return Ok(None);
        };
        let record: Record = serde_json::from_str(&data).map_err(|error| Error::Internal(error.to_string()))?;
        let Some(user_id) = record.data.get(SESSION_USER).and_then(|id| id.as_str()) else {
            return Ok(None);
        };
        let exists = self.store.user_exists(user_id).await?;
        Ok(exists.then(|| Principal::User { id: user_id.into(), session: id.to_string().into() }))
    }

    /// The user with this e-mail address and password. Takes as long for an unknown address.
    pub(crate) async fn by_password(&self, email: &str, password: String) -> Result<Option<User>, Error> {
        let user = self.store.user_by_email(email).await?;
        let hash = user.as_ref().map_or(NOBODY, |user| &user.password_hash).to_owned();
        let permit = self.hashing.clone().acquire_owned().await;
        let right = tokio::task::spawn_blocking(move || {
            let right = verify(&password, &hash);
            drop(permit);
            right
        });
        let right = right.await.map_err(|error| Error::Internal(error.to_string()))?;
        Ok(user.filter(|_| right))
    }

    pub(crate) async fn may_access(&self, principal: &Principal, project_id: &str) -> Result<bool, Error> {
        match principal {
            Principal::Key { project_id: own } => Ok(**own == *project_id),
            Principal::User { id, .. } => self.store.is_member(project_id, id).await,
        }
    }
}

/// Argon2id with a random salt, as a PHC string.
pub(crate) async fn hash_password(password: String) -> Result<String, Error> {
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
    });
    hashed
        .await
        .map_err(|error| Error::Internal(error.to_string()))?
        .map_err(|error| Error::Internal(error.to_string()))
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == SESSION_COOKIE).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_checked_in_earnest() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        let error = Argon2::default().verify_password(b"x", &hash).unwrap_err();
        assert_eq!(error, argon2::password_hash::Error::PasswordInvalid);
    }

    #[test]
    fn the_session_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert_eq!(session_cookie(&headers), None);
        headers.append(COOKIE, "a=b; xsession=no;session=yes".parse().unwrap());
        assert_eq!(session_cookie(&headers), Some("yes"));
    }
}
