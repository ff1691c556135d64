//! Authentication of callers, and their permissions. A caller is an API key, one of its tokens, or a signed-in user. Keys and tokens
//! give access to one project, and users have access to the projects of which they are members.

mod account_checks;
mod account_throttle;
mod address_throttle;
mod key_access;
mod key_cache;
mod key_rate_limiters;
mod passwords;
mod permission;
mod signing_secret;
mod tokens;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{COOKIE, ORIGIN};
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value};
use tower_sessions::session::Id;

use crate::Error;
use crate::ids::{api_key_hash, new_api_key, session_id_hash};
use crate::store::{KeyVerifiers, Scopes, Store, StoredKey, UserCredentials};
use crate::time::{Micros, now};
pub(crate) use account_checks::{check_password_length, trim_and_check_email};
pub(crate) use account_throttle::AccountThrottle;
pub(crate) use address_throttle::AddressThrottle;
pub(crate) use key_access::{KeyAccess, KeyRefusal};
pub(crate) use passwords::PasswordThreads;
pub(crate) use permission::{Permission, ProjectAccess};
pub(crate) use signing_secret::SigningSecret;
use tokens::{Claims, token_public_key};

/// Name of the cookie that contains the session's id.
pub(crate) const SESSION_COOKIE: &str = "session";
/// Session field that contains the id of the signed-in user.
pub(crate) const SESSION_USER_FIELD: &str = "user_id";
/// Session field that contains the session's CSRF token.
pub(crate) const SESSION_CSRF_FIELD: &str = "csrf_token";
/// Session field that contains the client's address, for the audit log. The field is removed before a new session is stored.
pub(crate) const SESSION_ADDRESS_FIELD: &str = "address";

/// An authenticated caller.
#[derive(Debug, Clone)]
pub(crate) enum Principal {
    Key(KeyAccess),
    User {
        id: Arc<str>,
        /// Hash of the session's id. The id itself is secret.
        session_id_hash: Arc<str>,
        /// Time at which the session expires.
        expires_at: Micros,
    },
}

impl Principal {
    /// Returns the time at which the credentials expire; `None` if they never do.
    pub(crate) fn expires_at(&self) -> Option<Micros> {
        match self {
            Self::Key(access) => access.expires_at(),
            Self::User { expires_at, .. } => Some(*expires_at),
        }
    }
}

/// A session whose user is signed in.
#[derive(Debug)]
pub(crate) struct SignedInSession {
    pub(crate) user_id: Arc<str>,
    pub(crate) email: Arc<str>,
    /// Hash of the session's id. The id itself is secret.
    pub(crate) session_id_hash: Arc<str>,
    /// CSRF token, which requests with side effects must repeat.
    pub(crate) csrf_token: String,
    pub(crate) expires_at: Micros,
}

impl From<SignedInSession> for Principal {
    fn from(SignedInSession { user_id: id, session_id_hash, expires_at, .. }: SignedInSession) -> Self {
        Self::User { id, session_id_hash, expires_at }
    }
}

#[derive(Debug)]
pub(crate) struct Auth {
    store: Store,
    keys: key_cache::KeyCache,
    rate_limiters: key_rate_limiters::KeyRateLimiters,
    passwords: PasswordThreads,
}

impl Auth {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            keys: key_cache::KeyCache::default(),
            rate_limiters: key_rate_limiters::KeyRateLimiters::default(),
            passwords: PasswordThreads::default(),
        }
    }

    /// Returns the principal for an API key or token from a request with these headers, or the reason why the key or token is refused.
    pub(crate) async fn authenticate_key(
        &self,
        key: &str,
        headers: &HeaderMap,
    ) -> Result<Result<Principal, KeyRefusal>, Error> {
        let origin = headers.get(ORIGIN).map(HeaderValue::as_bytes);
        Ok(self.keys.authenticate(&self.store, key, origin).await?.map(Principal::Key))
    }

    /// Counts a request by a key or one of its tokens, or returns the time until the key may make the next one.
    pub(crate) fn count_key_request(&self, access: &KeyAccess) -> Result<(), Duration> {
        self.rate_limiters.count_request(&access.key, Instant::now())
    }

    /// Removes all known keys from the cache. Must be called after keys are revoked or switched on or off, after a project is deleted, and
    /// if such a change may have been missed.
    pub(crate) fn forget_keys(&self) {
        self.keys.clear();
    }

    /// Creates a token for this API key, with these scopes and this expiry. Stores the key's public key if it is not stored yet.
    pub(crate) async fn issue_token(
        &self,
        api_key: &str,
        key: &StoredKey,
        scopes: Scopes,
        expires_at: Micros,
    ) -> Result<String, Error> {
        if key.token_public_key.is_none() {
            self.store.set_token_public_key(&key.id, &token_public_key(api_key)?).await?;
        }
        tokens::sign(api_key, &Claims { key_id: key.id.clone(), scopes, expires_at })
    }

    /// Stores the times at which keys were last used.
    pub(crate) async fn record_key_uses(&self) -> Result<(), Error> {
        let mut uses = self.keys.take_unrecorded_uses();
        if uses.is_empty() { Ok(()) } else { self.store.record_key_uses(&mut uses).await }
    }

    /// Returns the session that the request's cookie identifies, unless the session has expired or has no active user.
    pub(crate) async fn session_from_cookie(&self, headers: &HeaderMap) -> Result<Option<SignedInSession>, Error> {
        let Some(id) = session_cookie(headers).and_then(|value| value.parse::<Id>().ok()) else {
            return Ok(None);
        };
        self.signed_in_session(&session_id_hash(&id)).await
    }

    async fn signed_in_session(&self, session_id_hash: &str) -> Result<Option<SignedInSession>, Error> {
        let Some(stored) = self.store.session(session_id_hash).await? else {
            return Ok(None);
        };
        let data: Map<String, Value> =
            serde_json::from_str(&stored.data).map_err(|error| Error::Internal(error.to_string()))?;
        let text = |name: &str| data.get(name).and_then(Value::as_str);
        let Some(user_id) = text(SESSION_USER_FIELD) else {
            return Ok(None);
        };
        let user = self.store.user(user_id).await?;
        let csrf_token = text(SESSION_CSRF_FIELD).unwrap_or_default().to_owned();
        Ok(user.filter(|user| user.is_active).map(|user| SignedInSession {
            user_id: user.id.into(),
            email: user.email.into(),
            session_id_hash: session_id_hash.into(),
            csrf_token,
            expires_at: stored.expires_at,
        }))
    }

    /// Returns the active account with this e-mail address and password. Unknown addresses take as long to check as known ones.
    pub(crate) async fn authenticate_password(
        &self,
        email: &str,
        password: String,
    ) -> Result<Option<UserCredentials>, Error> {
        let account = self.store.user_credentials(email).await?;
        let hash = account.as_ref().map_or(passwords::UNKNOWN_USER_HASH, |account| &account.password_hash).to_owned();
        let is_right = self.passwords.verify(password, hash).await?;
        Ok(account.filter(|account| is_right && account.is_active))
    }

    /// Validates and hashes a new password.
    ///
    /// # Errors
    /// Returns an error if the password is too short or too long, or if too many passwords are queued.
    pub(crate) async fn check_and_hash_password(&self, password: &str) -> Result<String, Error> {
        check_password_length(password)?;
        self.hash_password(password).await
    }

    pub(crate) async fn hash_password(&self, password: &str) -> Result<String, Error> {
        self.passwords.hash(password.to_owned()).await
    }

    /// Returns true if credentials that were valid earlier are still valid.
    pub(crate) async fn is_still_valid(&self, principal: &Principal) -> Result<bool, Error> {
        match principal {
            Principal::Key(access) => {
                let key = self.store.key_by_id(&access.key.id).await?;
                Ok(key.is_some_and(|key| key.is_active) && access.check_validity(now()).is_ok())
            }
            Principal::User { session_id_hash, .. } => Ok(self.signed_in_session(session_id_hash).await?.is_some()),
        }
    }

    /// Returns the access that a principal has to a project; `None` if it has no access.
    pub(crate) async fn project_access(
        &self,
        principal: &Principal,
        project_id: &str,
    ) -> Result<Option<ProjectAccess>, Error> {
        match principal {
            Principal::Key(access) => {
                Ok((access.key.project_id == project_id).then_some(ProjectAccess::Key(access.scopes)))
            }
            Principal::User { id, .. } => Ok(self.store.role(project_id, id).await?.map(ProjectAccess::Role)),
        }
    }
}

/// Generates an API key and returns it with its stored form.
pub(crate) fn generate_key() -> Result<(String, KeyVerifiers), Error> {
    let key = new_api_key();
    let verifiers = key_verifiers(&key)?;
    Ok((key, verifiers))
}

/// Returns the stored form of an API key.
pub(crate) fn key_verifiers(key: &str) -> Result<KeyVerifiers, Error> {
    let hash = api_key_hash(key).ok_or_else(|| Error::Internal("a new key is not a key".into()))?;
    Ok(KeyVerifiers { hash, token_public_key: token_public_key(key)? })
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
    fn the_session_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert_eq!(session_cookie(&headers), None);
        headers.append(COOKIE, "a=b; xsession=no;session=yes".parse().unwrap());
        assert_eq!(session_cookie(&headers), Some("yes"));
    }
}
