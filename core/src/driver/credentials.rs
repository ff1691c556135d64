//! What a client identifies itself with, and where that comes from.

use std::{fmt, pin::Pin, sync::Arc};

use crate::{
    Error, ErrorKind, Stage,
    events::Secret,
    session::{CredentialsReason, Fault},
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
    /// The login form of the web dashboard. Needs the feature `rest`.
    #[cfg(feature = "rest")]
    Password {
        /// The user's address.
        email: String,
        /// The user's password.
        password: Secret,
    },
}

impl Credentials {
    pub(super) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::None => None,
            Self::ApiKey(secret) | Self::Session(secret) => Some(secret),
            #[cfg(feature = "rest")]
            Self::Password { password, .. } => Some(password),
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

    /// Asks for credentials.
    pub(super) async fn provide(&self, reason: CredentialsReason) -> Result<Credentials, Fault> {
        (self.0)(reason).await.map_err(|error| {
            let text = format!("the credentials provider failed: {error}");
            if error.fatal {
                Fault::CredentialsExhausted(Error::new(ErrorKind::AuthenticationFailed, text).with_retryable(false))
            } else {
                Fault::Dial(Error::connect_failed(Stage::Credentials, text))
            }
        })
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}
