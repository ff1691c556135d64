//! A credentials provider in the other language: it fetches requests and answers them.

use std::sync::Arc;

use automoderate::{Credentials, ProviderError, facade::CredentialQueue};

use crate::{Cancellation, NativeError};

/// A request for credentials.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct NativeRequest {
    /// To return with the answer.
    pub id: u64,
    /// The reason: `first`, `reconnect` or `rejected`.
    pub reason: String,
}

/// An answer to a request.
#[derive(Clone, uniffi::Enum)]
pub enum NativeAnswer {
    /// Connect without credentials.
    Nothing,
    /// A project's API key.
    ApiKey {
        /// The key.
        key: String,
    },
    /// A web session.
    Session {
        /// The cookie's value.
        cookie: String,
    },
    /// A login through the web form.
    Password {
        /// The user's address.
        email: String,
        /// The user's password.
        password: String,
    },
    /// There are none.
    Refusal {
        /// The reason, without any secret.
        reason: String,
        /// True if the client ends; otherwise only the attempt fails.
        fatal: bool,
    },
}

impl std::fmt::Debug for NativeAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NativeAnswer(…)")
    }
}

impl From<NativeAnswer> for Result<Credentials, ProviderError> {
    fn from(answer: NativeAnswer) -> Self {
        Ok(match answer {
            NativeAnswer::Nothing => Credentials::None,
            NativeAnswer::ApiKey { key } => Credentials::ApiKey(key.into()),
            NativeAnswer::Session { cookie } => Credentials::Session(cookie.into()),
            NativeAnswer::Password { email, password } => Credentials::Password { email, password: password.into() },
            NativeAnswer::Refusal { reason, fatal: true } => return Err(ProviderError::fatal(reason)),
            NativeAnswer::Refusal { reason, fatal: false } => return Err(ProviderError::retry(reason)),
        })
    }
}

/// Requests for credentials. It does not keep the client alive.
#[derive(Debug, uniffi::Object)]
pub struct NativeCredentials(pub(crate) Arc<CredentialQueue>);

#[uniffi::export]
impl NativeCredentials {
    /// The next request; `None` when the client is gone.
    ///
    /// # Errors
    /// [`NativeError::Cancelled`].
    pub async fn next(&self, cancellation: Arc<Cancellation>) -> Result<Option<NativeRequest>, NativeError> {
        let request = |request: automoderate::facade::CredentialRequest| NativeRequest {
            id: request.id,
            reason: request.reason.as_str().to_owned(),
        };
        cancellation.or(async { Ok(self.0.next().await.map(request)) }).await
    }

    /// Answers a request. A late answer is ignored.
    ///
    /// # Errors
    /// None.
    pub fn answer(&self, id: u64, answer: NativeAnswer) -> Result<(), NativeError> {
        self.0.answer(id, answer.into());
        Ok(())
    }
}
