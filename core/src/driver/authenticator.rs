//! Authentication of a client's requests.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{ApiKeyVia, BaseUrl, Credentials, Endpoint, RequestAuth, credentials::Provider, redactor::Redactor};
use crate::{
    Error, ErrorKind,
    events::Secret,
    session::{ConnectionFailure, CredentialChoice, CredentialsReason, CredentialsSource},
};

/// A client's credentials for the socket and for REST, and their current state.
#[derive(Debug)]
pub(crate) struct Authenticator {
    redactor: Redactor,
    pub(super) fixed: Credentials,
    pub(super) provider: Option<Provider>,
    pub(super) rest_key: Option<Secret>,
    via: ApiKeyVia,
    /// Credentials obtained so far: the provider's last answer, and the cookie from the login at each address.
    shown: Mutex<Shown>,
    /// Serializes REST calls that need new credentials. Calls that waited usually find renewed credentials.
    pub(super) renewing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) provided: Option<Credentials>,
    pub(super) cookies: HashMap<BaseUrl, Secret>,
    /// Header value that REST accepted most recently.
    pub(super) accepted: Option<Secret>,
}

impl Authenticator {
    /// Creates an authenticator. `api_key` is always used for REST. It is used on the socket only if there are no other
    /// credentials or the server refuses them.
    pub(crate) fn new(fixed: Credentials, provider: Option<Provider>, api_key: Option<Secret>, via: ApiKeyVia) -> Self {
        let fixed = match (&api_key, &fixed) {
            (Some(key), Credentials::None) if provider.is_none() => Credentials::ApiKey(key.clone()),
            _ => fixed,
        };
        let redactor = Redactor::default();
        fixed.secret().into_iter().chain(&api_key).for_each(|secret| redactor.learn(secret));
        Self {
            redactor,
            fixed,
            provider,
            rest_key: api_key,
            via,
            shown: Mutex::default(),
            renewing: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn source(&self) -> CredentialsSource {
        match (&self.provider, &self.fixed) {
            (None, Credentials::None | Credentials::ApiKey(_) | Credentials::Session(_)) => CredentialsSource::Fixed,
            _ => CredentialsSource::Renewable,
        }
    }

    /// Returns `true` if the client never uses any credentials other than an API key.
    pub(crate) fn has_only_key(&self) -> bool {
        self.provider.is_none() && matches!(self.fixed, Credentials::ApiKey(_))
    }

    /// Returns `true` if the API key can replace a session or login that the server refuses on the socket.
    pub(crate) fn has_spare_key(&self) -> bool {
        let needs_none = matches!(self.fixed, Credentials::None | Credentials::ApiKey(_));
        !needs_none && self.provider.is_none() && self.rest_key.is_some()
    }

    pub(super) fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the cookie from the login at this address, if any.
    pub(super) fn cookie(&self, endpoint: &Endpoint) -> Option<Secret> {
        self.shown().cookies.get(&endpoint.base_url).cloned()
    }

    /// Returns `true` if REST is usable, because there is an API key or the provider may return one.
    pub(crate) fn may_have_key(&self) -> bool {
        self.provider.is_some() || self.rest_key.is_some()
    }

    /// Returns the credentials for a connection attempt. Calls the provider, and logs in if necessary.
    #[cfg_attr(not(feature = "rest"), allow(unused_variables))]
    pub(crate) async fn request_auth(
        &self,
        endpoint: &Endpoint,
        reason: CredentialsReason,
        choice: CredentialChoice,
    ) -> Result<RequestAuth, ConnectionFailure> {
        let credentials = match (choice, &self.provider, &self.rest_key) {
            (CredentialChoice::SpareKey, _, Some(key)) => Credentials::ApiKey(key.clone()),
            (_, None, _) => self.fixed.clone(),
            (_, Some(provider), _) => self.provided(provider.provide(reason).await?),
        };
        let mut auth = RequestAuth::default();
        match credentials {
            Credentials::None => {}
            Credentials::ApiKey(key) => match self.via {
                ApiKeyVia::Query => auth.query.push(("api_key".into(), key)),
                ApiKeyVia::Header => auth.headers.push(("x-api-key", key)),
                ApiKeyVia::Auth => {
                    let payload = serde_json::json!({"api_key": key.expose()}).to_string();
                    auth.payload = Some(payload.into());
                }
            },
            Credentials::Session(cookie) => auth.headers.push(("cookie", session_cookie(&cookie))),
            #[cfg(feature = "rest")]
            Credentials::Password { email, password } => {
                let known = self.cookie(endpoint).filter(|_| reason != CredentialsReason::Rejected);
                auth.just_accepted = known.is_none();
                let cookie = match known {
                    Some(cookie) => cookie,
                    None => self.log_in(endpoint, &email, &password).await?,
                };
                auth.headers.push(("cookie", cookie));
            }
        }
        if !auth.is_sendable() {
            let text = "the credentials contain a line break or another character that can't be sent";
            return Err(ConnectionFailure::Credentials(Error::new(ErrorKind::AuthenticationFailed, text)));
        }
        Ok(auth)
    }

    /// Stores and returns the provider's answer. If the answer has changed, login cookies are discarded.
    fn provided(&self, credentials: Credentials) -> Credentials {
        credentials.secret().into_iter().for_each(|secret| self.redactor.learn(secret));
        let mut shown = self.shown();
        if shown.provided.as_ref() != Some(&credentials) {
            shown.cookies.clear();
        }
        shown.provided = Some(credentials.clone());
        credentials
    }

    /// Adds a secret that must be redacted, such as the value of a custom header.
    pub(crate) fn learn(&self, secret: &Secret) {
        self.redactor.learn(secret);
    }

    /// Redacts all known secrets in an error.
    pub(crate) fn redact(&self, error: Error) -> Error {
        self.redactor.redact(error)
    }
}

pub(super) fn session_cookie(value: &Secret) -> Secret {
    let value = value.expose().trim();
    // The user may have copied the cookie's name together with its value.
    let value = value.strip_prefix("session=").unwrap_or(value);
    format!("session={value}").into()
}
