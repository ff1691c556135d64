//! Authentication of a client's requests.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    ApiKeyVia, BaseUrl, Credentials, Endpoint, RequestAuth, credentials::CredentialsProvider, redactor::Redactor,
};
use crate::{
    Error, ErrorKind,
    events::Secret,
    session::{ConnectionFailure, CredentialChoice, CredentialsReason, CredentialsSource},
};

/// A client's credentials for the socket and for REST, and their current state.
#[derive(Debug)]
pub(crate) struct Authenticator {
    redactor: Redactor,
    pub(super) configured: Credentials,
    pub(super) provider: Option<CredentialsProvider>,
    pub(super) api_key: Option<Secret>,
    api_key_via: ApiKeyVia,
    /// The provider's last answer, the cookie from the login at each address, and the header value that REST accepted
    /// most recently.
    cache: Mutex<CredentialCache>,
    /// Serializes REST calls that need new credentials. A call that had to wait usually finds them in the cache.
    pub(super) renewal_lock: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
pub(super) struct CredentialCache {
    pub(super) provided: Option<Credentials>,
    pub(super) login_cookies: HashMap<BaseUrl, Secret>,
    /// Header value that REST accepted most recently.
    pub(super) header_last_accepted_by_rest: Option<Secret>,
}

impl Authenticator {
    /// Creates an authenticator. `api_key` is always used for REST. It is used on the socket only if there is no
    /// provider, and either no other credentials are configured, or the server refuses them or has no login form.
    pub(crate) fn new(
        configured: Credentials,
        provider: Option<CredentialsProvider>,
        api_key: Option<Secret>,
        api_key_via: ApiKeyVia,
    ) -> Self {
        let configured = match (&api_key, &configured) {
            (Some(key), Credentials::None) if provider.is_none() => Credentials::ApiKey(key.clone()),
            _ => configured,
        };
        let redactor = Redactor::default();
        configured.secret().into_iter().chain(&api_key).for_each(|secret| redactor.add_secret(secret));
        Self {
            redactor,
            configured,
            provider,
            api_key,
            api_key_via,
            cache: Mutex::default(),
            renewal_lock: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn credentials_source(&self) -> CredentialsSource {
        match (&self.provider, &self.configured) {
            (None, Credentials::None | Credentials::ApiKey(_) | Credentials::Session(_)) => CredentialsSource::Fixed,
            _ => CredentialsSource::Renewable,
        }
    }

    /// Returns `true` if the client never uses any credentials other than an API key.
    pub(crate) fn has_only_api_key(&self) -> bool {
        self.provider.is_none() && matches!(self.configured, Credentials::ApiKey(_))
    }

    /// Returns `true` if the API key can replace a session or login that the server refuses on the socket.
    pub(crate) fn has_spare_api_key(&self) -> bool {
        let needs_none = matches!(self.configured, Credentials::None | Credentials::ApiKey(_));
        !needs_none && self.provider.is_none() && self.api_key.is_some()
    }

    pub(super) fn cache(&self) -> MutexGuard<'_, CredentialCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the cookie from the login at this address, if any.
    pub(super) fn login_cookie(&self, endpoint: &Endpoint) -> Option<Secret> {
        self.cache().login_cookies.get(&endpoint.base_url).cloned()
    }

    /// Returns `true` if there is an API key for REST, or if the provider may return one.
    pub(crate) fn may_have_api_key(&self) -> bool {
        self.provider.is_some() || self.api_key.is_some()
    }

    /// Returns the credentials for a connection attempt or a REST call. Calls the provider if there is one, and logs in
    /// if necessary.
    #[cfg_attr(not(feature = "rest"), allow(unused_variables))]
    pub(crate) async fn obtain_request_auth(
        &self,
        endpoint: &Endpoint,
        reason: CredentialsReason,
        choice: CredentialChoice,
    ) -> Result<RequestAuth, ConnectionFailure> {
        let credentials = match (choice, &self.provider, &self.api_key) {
            (CredentialChoice::SpareKey, _, Some(key)) => Credentials::ApiKey(key.clone()),
            (_, None, _) => self.configured.clone(),
            (_, Some(provider), _) => self.store_provided(provider.provide(reason).await?),
        };
        let mut auth = RequestAuth::default();
        match credentials {
            Credentials::None => {}
            Credentials::ApiKey(key) => match self.api_key_via {
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
                let known = self.login_cookie(endpoint).filter(|_| reason != CredentialsReason::Rejected);
                auth.has_just_logged_in = known.is_none();
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
    fn store_provided(&self, credentials: Credentials) -> Credentials {
        credentials.secret().into_iter().for_each(|secret| self.redactor.add_secret(secret));
        let mut cache = self.cache();
        if cache.provided.as_ref() != Some(&credentials) {
            cache.login_cookies.clear();
        }
        cache.provided = Some(credentials.clone());
        credentials
    }

    /// Adds a secret that must be redacted, such as the value of a custom header.
    pub(crate) fn add_secret_to_redact(&self, secret: &Secret) {
        self.redactor.add_secret(secret);
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
