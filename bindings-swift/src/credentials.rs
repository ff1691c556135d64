//! Credential requests, which Swift or Kotlin code fetches and passes to the user's credentials provider.

use std::sync::Arc;

use automoderate::{Credentials, ProviderError, facade::CredentialQueue};

use crate::{Cancellation, NativeError};

/// Request for credentials.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct NativeCredentialRequest {
    /// Id of the request, to be passed to `answer`.
    pub id: u64,
    /// Reason for the request: `first`, `reconnect` or `rejected`.
    pub reason: String,
}

/// Answer to a request for credentials.
#[derive(Clone, uniffi::Enum)]
pub enum NativeCredentialAnswer {
    /// No credentials.
    Nothing,
    /// API key of a project.
    ApiKey {
        /// API key.
        key: String,
    },
    /// Web session.
    Session {
        /// Value of the session cookie.
        cookie: String,
    },
    /// Login through the web form.
    Password {
        /// Email address of the user.
        email: String,
        /// Password of the user.
        password: String,
    },
    /// The provider failed.
    Failure {
        /// Error message, which must not contain secrets.
        reason: String,
        /// True if the client must close. Otherwise, the client retries.
        fatal: bool,
    },
}

impl std::fmt::Debug for NativeCredentialAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NativeCredentialAnswer(…)")
    }
}

impl From<NativeCredentialAnswer> for Result<Credentials, ProviderError> {
    fn from(answer: NativeCredentialAnswer) -> Self {
        Ok(match answer {
            NativeCredentialAnswer::Nothing => Credentials::None,
            NativeCredentialAnswer::ApiKey { key } => Credentials::ApiKey(key.into()),
            NativeCredentialAnswer::Session { cookie } => Credentials::Session(cookie.into()),
            NativeCredentialAnswer::Password { email, password } => {
                Credentials::Password { email, password: password.into() }
            }
            NativeCredentialAnswer::Failure { reason, fatal: true } => return Err(ProviderError::fatal(reason)),
            NativeCredentialAnswer::Failure { reason, fatal: false } => return Err(ProviderError::retry(reason)),
        })
    }
}

/// Queue of requests for credentials. It does not keep the client alive.
#[derive(Debug, uniffi::Object)]
pub struct NativeCredentialRequests(pub(crate) Arc<CredentialQueue>);

#[uniffi::export]
impl NativeCredentialRequests {
    /// Waits for the next request. Returns `None` once the client has been dropped.
    ///
    /// # Errors
    /// [`NativeError::Cancelled`].
    pub async fn next(&self, cancellation: Arc<Cancellation>) -> Result<Option<NativeCredentialRequest>, NativeError> {
        let request = |request: automoderate::facade::CredentialRequest| NativeCredentialRequest {
            id: request.id,
            reason: request.reason.as_str().to_owned(),
        };
        cancellation.run(async { Ok(self.0.next().await.map(request)) }).await
    }

    /// Answers a request. The answer is ignored if the connection attempt has ended.
    ///
    /// # Errors
    /// None.
    pub fn answer(&self, id: u64, answer: NativeCredentialAnswer) -> Result<(), NativeError> {
        self.0.answer(id, answer.into());
        Ok(())
    }
}
