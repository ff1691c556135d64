//! Credentials, and the provider that supplies them.

use std::{fmt, pin::Pin, sync::Arc};

use crate::{
    Error, ErrorKind, Stage,
    events::Secret,
    session::{ConnectionFailure, CredentialsReason},
};

/// Credentials of a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Credentials {
    /// No credentials.
    #[default]
    None,
    /// API key of a project.
    ApiKey(Secret),
    /// Value of a web session's cookie.
    Session(Secret),
    /// Email address and password for the dashboard's login form. Requires the `rest` feature.
    #[cfg(feature = "rest")]
    Password {
        /// Email address of the user.
        email: String,
        /// Password of the user.
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

/// Location of the API key in connection requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ApiKeyVia {
    /// Query of the connection URL, as in the server's documentation. Proxies may log the query.
    #[default]
    Query,
    /// Socket.IO `auth` payload.
    Auth,
    /// `X-API-Key` header.
    Header,
}

/// Error returned by a credentials provider.
#[derive(Debug, Clone)]
pub struct ProviderError {
    message: String,
    fatal: bool,
}

impl ProviderError {
    /// Creates a permanent error. If a connection attempt fails with it, the client closes with
    /// `authentication_failed`, unless another address, but not this one, has accepted credentials.
    #[must_use]
    pub fn fatal(message: impl Into<String>) -> Self {
        Self { message: message.into(), fatal: true }
    }

    /// Creates a temporary error. A connection attempt that fails with it is retried under the same conditions as an
    /// attempt that fails because of the network.
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

/// User-defined function that supplies credentials.
#[derive(Clone)]
pub(crate) struct CredentialsProvider(Arc<dyn Fn(CredentialsReason) -> ProviderFuture + Send + Sync>);

impl CredentialsProvider {
    pub(crate) fn new<F, Fut>(provide: F) -> Self
    where
        F: Fn(CredentialsReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Credentials, ProviderError>> + Send + 'static,
    {
        Self(Arc::new(move |reason| Box::pin(provide(reason))))
    }

    /// Requests credentials from the user's function.
    pub(super) async fn provide(&self, reason: CredentialsReason) -> Result<Credentials, ConnectionFailure> {
        (self.0)(reason).await.map_err(|error| {
            let text = format!("the credentials provider failed: {error}");
            if error.fatal {
                ConnectionFailure::CredentialsExhausted(
                    Error::new(ErrorKind::AuthenticationFailed, text).with_retryable(false),
                )
            } else {
                ConnectionFailure::Dial(Error::connect_failed(Stage::Credentials, text))
            }
        })
    }
}

impl fmt::Debug for CredentialsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialsProvider")
    }
}
