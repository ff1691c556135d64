//! The authenticator: which credentials the requests of a client carry.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{ApiKeyVia, Credentials, Environment, RequestAuth, Target, credentials::Provider, redactor::Redactor};
use crate::{
    Error, ErrorKind,
    events::Secret,
    session::{CredentialChoice, CredentialsReason, CredentialsSource, Fault},
};

/// Holds the credentials and what came of them, for the socket and for REST.
#[derive(Debug)]
pub(crate) struct Authenticator {
    redactor: Redactor,
    pub(super) fixed: Credentials,
    pub(super) provider: Option<Provider>,
    pub(super) rest_key: Option<Secret>,
    via: ApiKeyVia,
    /// What was shown last: a provider's answer, or the cookies that logins gave, each for its own address.
    shown: Mutex<Shown>,
    /// REST calls that need new credentials ask for them one after the other, and mostly find that they are there.
    pub(super) renewing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) provided: Option<Credentials>,
    pub(super) cookies: HashMap<Target, Secret>,
    /// What REST has accepted last.
    pub(super) accepted: Option<Secret>,
}

impl Authenticator {
    /// `api_key` opens the socket if nothing else is given for that, or where that is refused, and is shown to REST in
    /// any case.
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

    /// Whether an API key is all there is, now and later.
    pub(crate) fn has_only_key(&self) -> bool {
        self.provider.is_none() && matches!(self.fixed, Credentials::ApiKey(_))
    }

    /// Whether the API key may replace a session or a login that the socket refuses.
    pub(crate) fn has_spare_key(&self) -> bool {
        let needs_none = matches!(self.fixed, Credentials::None | Credentials::ApiKey(_));
        !needs_none && self.provider.is_none() && self.rest_key.is_some()
    }

    pub(super) fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cookie that a login at this address gave.
    pub(super) fn cookie(&self, environment: &Environment) -> Option<Secret> {
        self.shown().cookies.get(&environment.target).cloned()
    }

    /// Whether REST can be asked: there is an API key, or may be one.
    pub(crate) fn may_have_key(&self) -> bool {
        self.provider.is_some() || self.rest_key.is_some()
    }

    /// What identifies the client in an attempt: asks the provider, logs in if that is needed.
    #[cfg_attr(not(feature = "rest"), allow(unused_variables))]
    pub(crate) async fn request_auth(
        &self,
        environment: &Environment,
        reason: CredentialsReason,
        choice: CredentialChoice,
    ) -> Result<RequestAuth, Fault> {
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
                let known = self.cookie(environment).filter(|_| reason != CredentialsReason::Rejected);
                auth.just_accepted = known.is_none();
                let cookie = match known {
                    Some(cookie) => cookie,
                    None => self.log_in(environment, &email, &password).await?,
                };
                auth.headers.push(("cookie", cookie));
            }
        }
        if !auth.is_sendable() {
            let text = "the credentials hold a line break or another character that can't be sent";
            return Err(Fault::Credentials(Error::new(ErrorKind::AuthenticationFailed, text)));
        }
        Ok(auth)
    }

    /// Remembers what the provider has answered.
    fn provided(&self, credentials: Credentials) -> Credentials {
        credentials.secret().into_iter().for_each(|secret| self.redactor.learn(secret));
        let mut shown = self.shown();
        if shown.provided.as_ref() != Some(&credentials) {
            shown.cookies.clear();
        }
        shown.provided = Some(credentials.clone());
        credentials
    }

    /// Hides this as well, such as the value of a header that the user adds.
    pub(crate) fn learn(&self, secret: &Secret) {
        self.redactor.learn(secret);
    }

    /// The error without any secret.
    pub(crate) fn redact(&self, error: Error) -> Error {
        self.redactor.redact(error)
    }
}

pub(super) fn session_cookie(value: &Secret) -> Secret {
    let value = value.expose().trim();
    // Somebody may have copied the whole pair out of a browser.
    let value = value.strip_prefix("session=").unwrap_or(value);
    format!("session={value}").into()
}
