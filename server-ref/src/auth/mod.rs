//! Who is asking: an API key (one project) or a signed-in user (the projects they belong to).

mod accounts;
mod keys;
mod passwords;
mod permission;
mod throttle;

use std::sync::Arc;

use http::HeaderMap;
use http::header::COOKIE;
use serde_json::{Map, Value};
use tower_sessions::session::Id;

use crate::Error;
use crate::ids::session_name;
use crate::store::{Account, KeyOwner, Store};
pub(crate) use accounts::{check_email, check_password};
pub(crate) use passwords::Passwords;
pub(crate) use permission::{Permission, Standing};
pub(crate) use throttle::Throttle;

/// The name of the session cookie, and of what is in it.
pub(crate) const SESSION_COOKIE: &str = "session";
pub(crate) const SESSION_USER: &str = "user_id";
pub(crate) const SESSION_CSRF: &str = "csrf_token";

/// Someone whose credentials were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    Key(KeyOwner),
    User {
        id: Arc<str>,
        /// The name of the session, not the id that opens it.
        session: Arc<str>,
    },
}

/// A session that somebody is signed in with.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) user_id: Arc<str>,
    /// The name of the session, not the id that opens it.
    pub(crate) session: Arc<str>,
    /// What requests that change something must repeat.
    pub(crate) csrf_token: String,
}

#[derive(Debug)]
pub(crate) struct Auth {
    store: Store,
    keys: keys::Keys,
    passwords: Passwords,
}

impl Auth {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, keys: keys::Keys::default(), passwords: Passwords::default() }
    }

    pub(crate) async fn by_key(&self, key: &str) -> Result<Option<Principal>, Error> {
        Ok(self.keys.owner(&self.store, key).await?.map(Principal::Key))
    }

    /// To be called after every committed revocation of a key.
    pub(crate) fn forget_keys(&self) {
        self.keys.forget();
    }

    /// The session of the cookie, if it is alive and its user may sign in.
    pub(crate) async fn by_cookie(&self, headers: &HeaderMap) -> Result<Option<SignedIn>, Error> {
        let Some(id) = session_cookie(headers).and_then(|value| value.parse::<Id>().ok()) else {
            return Ok(None);
        };
        self.by_session(&session_name(&id)).await
    }

    async fn by_session(&self, session: &str) -> Result<Option<SignedIn>, Error> {
        let Some(stored) = self.store.session(session).await? else {
            return Ok(None);
        };
        let data: Map<String, Value> =
            serde_json::from_str(&stored.data).map_err(|error| Error::Internal(error.to_string()))?;
        let text = |name: &str| data.get(name).and_then(Value::as_str);
        let Some(user_id) = text(SESSION_USER) else {
            return Ok(None);
        };
        let user = self.store.user(user_id).await?;
        let csrf_token = text(SESSION_CSRF).unwrap_or_default().to_owned();
        Ok(user.filter(|user| user.is_active).map(|user| SignedIn {
            user_id: user.id.into(),
            session: session.into(),
            csrf_token,
        }))
    }

    /// The user with this e-mail address and password. Takes as long for an unknown address.
    pub(crate) async fn by_password(&self, email: &str, password: String) -> Result<Option<Account>, Error> {
        let account = self.store.account(email).await?;
        let hash = account.as_ref().map_or(passwords::NOBODY, |account| &account.password_hash).to_owned();
        let is_right = self.passwords.is_right(password, hash).await?;
        Ok(account.filter(|account| is_right && account.is_active))
    }

    pub(crate) async fn hash_password(&self, password: &str) -> Result<String, Error> {
        self.passwords.hash(password.to_owned()).await
    }

    /// Whether credentials that were good a moment ago still are.
    pub(crate) async fn is_valid(&self, principal: &Principal) -> Result<bool, Error> {
        match principal {
            Principal::Key(owner) => self.store.key_exists(&owner.id).await,
            Principal::User { session, .. } => Ok(self.by_session(session).await?.is_some()),
        }
    }

    /// In what capacity they may have to do with a project; `None`: not at all.
    pub(crate) async fn standing(&self, principal: &Principal, project_id: &str) -> Result<Option<Standing>, Error> {
        match principal {
            Principal::Key(owner) => Ok((*owner.project_id == *project_id).then_some(Standing::Key)),
            Principal::User { id, .. } => Ok(self.store.role(project_id, id).await?.map(Standing::Role)),
        }
    }
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
