//! Credentials: where they come from and how a server is shown them.

use std::{
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Environment, Target, login, redactor::Redactor};
use crate::{
    Error, ErrorKind, Stage,
    events::Secret,
    session::{CredentialsReason, CredentialsSource, Fault},
};

/// What a server is shown to let the client in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Credentials {
    /// Nothing.
    #[default]
    None,
    /// A project's API key.
    ApiKey(Secret),
    /// The value of the web session's cookie.
    Session(Secret),
    /// The login form of the web dashboard.
    Password {
        /// The user's address.
        email: String,
        /// The user's password.
        password: Secret,
    },
}

impl Credentials {
    fn secret(&self) -> Option<&Secret> {
        match self {
            Self::None => None,
            Self::ApiKey(secret) | Self::Session(secret) | Self::Password { password: secret, .. } => Some(secret),
        }
    }
}

/// Where an API key is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ApiKeyVia {
    /// The connection query, as documented. Proxies may log it.
    #[default]
    Query,
    /// The Socket.IO `auth` payload.
    Auth,
    /// The `X-API-Key` header.
    Header,
}

/// Why a credentials provider has none.
#[derive(Debug, Clone)]
pub struct ProviderError {
    message: String,
    fatal: bool,
}

impl ProviderError {
    /// There will never be any: the client ends with `authentication_failed`.
    #[must_use]
    pub fn fatal(message: impl Into<String>) -> Self {
        Self { message: message.into(), fatal: true }
    }

    /// There are none now: the attempt fails, and is made again as the reconnect policy says.
    #[must_use]
    pub fn retry(message: impl Into<String>) -> Self {
        Self { message: message.into(), fatal: false }
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ProviderError {}

type ProviderFuture = Pin<Box<dyn Future<Output = Result<Credentials, ProviderError>> + Send>>;

/// The user's function that hands out credentials.
#[derive(Clone)]
pub(crate) struct Provider(Arc<dyn Fn(CredentialsReason) -> ProviderFuture + Send + Sync>);

impl Provider {
    pub(crate) fn new<F, Fut>(provide: F) -> Self
    where
        F: Fn(CredentialsReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Credentials, ProviderError>> + Send + 'static,
    {
        Self(Arc::new(move |reason| Box::pin(provide(reason))))
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

/// What goes into the requests of one attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    pub(crate) query: Vec<(String, Secret)>,
    pub(crate) headers: Vec<(&'static str, Secret)>,
    /// The Socket.IO auth payload, as JSON.
    pub(crate) auth: Option<Secret>,
    /// A login form has just accepted the credentials.
    pub(crate) just_accepted: bool,
}

/// Answers who the client is, for the socket and for REST.
#[derive(Debug)]
pub(crate) struct Authority {
    redactor: Redactor,
    fixed: Credentials,
    provider: Option<Provider>,
    rest_key: Option<Secret>,
    via: ApiKeyVia,
    /// What was shown last: a provider's answer, or the cookies that logins gave, each for its own address.
    shown: Mutex<Shown>,
    /// REST calls that need new credentials ask for them one after the other, and mostly find that they are there.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Shown {
    provided: Option<Credentials>,
    cookies: HashMap<Target, Secret>,
    /// What REST has accepted last.
    accepted: Option<Secret>,
}

impl Authority {
    /// `api_key` opens the socket if nothing else is given for that, and is shown to REST in any case.
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

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cookie that a login at this address gave.
    fn cookie(&self, environment: &Environment) -> Option<Secret> {
        self.shown().cookies.get(&environment.target).cloned()
    }

    /// Whether REST can be asked: there is an API key, or may be one.
    pub(crate) fn may_have_key(&self) -> bool {
        self.provider.is_some() || self.rest_key.is_some()
    }

    /// The credentials for an attempt: asks the provider, logs in if that is needed.
    pub(crate) async fn access(&self, environment: &Environment, reason: CredentialsReason) -> Result<Access, Fault> {
        let credentials = match &self.provider {
            None => self.fixed.clone(),
            Some(Provider(provide)) => {
                let provided = provide(reason).await.map_err(|error| {
                    let text = format!("the credentials provider failed: {error}");
                    if error.fatal {
                        Fault::Hopeless(Error::new(ErrorKind::AuthenticationFailed, text).with_retryable(false))
                    } else {
                        Fault::Dial(Error::connect_failed(Stage::Credentials, text))
                    }
                })?;
                provided.secret().into_iter().for_each(|secret| self.redactor.learn(secret));
                let mut shown = self.shown();
                if shown.provided.as_ref() != Some(&provided) {
                    shown.cookies.clear();
                }
                shown.provided = Some(provided.clone());
                provided
            }
        };
        let mut access = Access::default();
        match credentials {
            Credentials::None => {}
            Credentials::ApiKey(key) => match self.via {
                ApiKeyVia::Query => access.query.push(("api_key".into(), key)),
                ApiKeyVia::Header => access.headers.push(("x-api-key", key)),
                ApiKeyVia::Auth => {
                    let payload = serde_json::json!({"api_key": key.expose()}).to_string();
                    access.auth = Some(payload.into());
                }
            },
            Credentials::Session(cookie) => access.headers.push(("cookie", session_cookie(&cookie))),
            Credentials::Password { email, password } => {
                let known = self.cookie(environment).filter(|_| reason != CredentialsReason::Rejected);
                let cookie = match known {
                    Some(cookie) => cookie,
                    None => {
                        let logged_in = login::log_in(environment, &email, &password).await;
                        let cookie = logged_in.map_err(|fault| match fault {
                            // The form would say the same again, and count it; only a provider may have another password.
                            Fault::Credentials(error) if self.provider.is_none() => Fault::Hopeless(error),
                            fault => fault,
                        })?;
                        access.just_accepted = true;
                        self.redactor.learn(&cookie);
                        self.shown().cookies.insert(environment.target.clone(), cookie.clone());
                        cookie
                    }
                };
                access.headers.push(("cookie", cookie));
            }
        }
        let unfit = |value: &Secret| http::HeaderValue::from_str(value.expose()).is_err();
        if access.headers.iter().any(|(_, value)| unfit(value)) {
            let text = "the credentials hold a line break or another character that can't be sent";
            return Err(Fault::Credentials(Error::new(ErrorKind::AuthenticationFailed, text)));
        }
        Ok(access)
    }

    /// The header that a REST call carries, from what is known now.
    pub(crate) async fn rest_header(&self, environment: &Environment) -> Result<Option<RestHeader>, Error> {
        if let Some(header) = self.known_header(environment) {
            return Ok(header);
        }
        let _one_at_a_time = self.renewing.lock().await;
        match self.known_header(environment) {
            Some(header) => Ok(header),
            None => self.asked_header(environment, CredentialsReason::First).await,
        }
    }

    /// REST has refused this header: another one to try, if there may be one. A login whose cookie REST has never accepted
    /// is not repeated: deployed servers want a key there.
    pub(crate) async fn renewed_header(
        &self,
        environment: &Environment,
        (_, refused): &RestHeader,
    ) -> Result<Option<RestHeader>, Error> {
        if self.rest_key.is_some() || self.source() == CredentialsSource::Fixed {
            return Ok(None);
        }
        let is_new = |header: &Option<RestHeader>| header.as_ref().is_some_and(|(_, value)| value != refused);
        let _one_at_a_time = self.renewing.lock().await;
        if let Some(header) = self.known_header(environment).filter(is_new) {
            return Ok(header);
        }
        if self.cookie(environment).is_some() && self.shown().accepted.as_ref() != Some(refused) {
            return Ok(None);
        }
        let header = self.asked_header(environment, CredentialsReason::Rejected).await?;
        Ok(header.filter(|(_, value)| value != refused))
    }

    /// REST has accepted this header.
    pub(crate) fn rest_accepted(&self, (_, value): &RestHeader) {
        let mut shown = self.shown();
        if shown.accepted.as_ref() != Some(value) {
            shown.accepted = Some(value.clone());
        }
    }

    /// The header that what is known now gives; the outer `None` if the provider or the login form must be asked.
    fn known_header(&self, environment: &Environment) -> Option<Option<RestHeader>> {
        if let Some(key) = &self.rest_key {
            return Some(Some(("x-api-key", key.clone())));
        }
        let credentials = match &self.provider {
            Some(_) => self.shown().provided.clone()?,
            None => self.fixed.clone(),
        };
        Some(match credentials {
            Credentials::None => None,
            Credentials::ApiKey(key) => Some(("x-api-key", key)),
            Credentials::Session(cookie) => Some(("cookie", session_cookie(&cookie))),
            Credentials::Password { .. } => Some(("cookie", self.cookie(environment)?)),
        })
    }

    async fn asked_header(
        &self,
        environment: &Environment,
        reason: CredentialsReason,
    ) -> Result<Option<RestHeader>, Error> {
        self.access(environment, reason).await.map_err(Fault::into_error)?;
        Ok(self.known_header(environment).flatten())
    }

    /// Hides this as well, such as the value of a header that the user adds.
    pub(crate) fn learn(&self, secret: &Secret) {
        self.redactor.learn(secret);
    }

    /// The error without any secret.
    pub(crate) fn hide(&self, error: Error) -> Error {
        self.redactor.hide(error)
    }
}

/// A header of a REST call that says who calls.
pub(crate) type RestHeader = (&'static str, Secret);

fn session_cookie(value: &Secret) -> Secret {
    let value = value.expose().trim();
    // Somebody may have copied the whole pair out of a browser.
    let value = value.strip_prefix("session=").unwrap_or(value);
    format!("session={value}").into()
}
