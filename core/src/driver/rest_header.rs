//! Authentication header of REST calls.

use super::{Authenticator, Credentials, Endpoint, authenticator::session_cookie};
use crate::{
    Error,
    events::Secret,
    session::{ConnectionFailure, CredentialChoice, CredentialsReason, CredentialsSource},
};

/// Name and value of a REST call's authentication header.
pub(crate) type RestHeader = (&'static str, Secret);

impl Authenticator {
    /// Returns the header for a REST call. Requests credentials if necessary.
    pub(crate) async fn rest_header(&self, endpoint: &Endpoint) -> Result<Option<RestHeader>, Error> {
        if let Some(header) = self.cached_header(endpoint) {
            return Ok(header);
        }
        let _renewal_guard = self.renewal_lock.lock().await;
        match self.cached_header(endpoint) {
            Some(header) => Ok(header),
            None => self.obtain_header(endpoint, CredentialsReason::First).await,
        }
    }

    /// Returns a different header after REST has refused the given one, or `None` if no other header is available. A
    /// login is repeated only if the refused cookie is the value that REST accepted most recently: deployed servers
    /// require an API key for REST, and would refuse the cookie of a new login too.
    pub(crate) async fn renewed_header(
        &self,
        endpoint: &Endpoint,
        (_, refused): &RestHeader,
    ) -> Result<Option<RestHeader>, Error> {
        if self.api_key.is_some() || self.credentials_source() == CredentialsSource::Fixed {
            return Ok(None);
        }
        let is_new = |header: &Option<RestHeader>| header.as_ref().is_some_and(|(_, value)| value != refused);
        let _renewal_guard = self.renewal_lock.lock().await;
        if let Some(header) = self.cached_header(endpoint).filter(is_new) {
            return Ok(header);
        }
        if self.login_cookie(endpoint).is_some() && self.cache().header_last_accepted_by_rest.as_ref() != Some(refused)
        {
            return Ok(None);
        }
        let header = self.obtain_header(endpoint, CredentialsReason::Rejected).await?;
        Ok(header.filter(|(_, value)| value != refused))
    }

    /// Records that REST has accepted this header.
    pub(crate) fn on_rest_accepted(&self, (_, value): &RestHeader) {
        let mut cache = self.cache();
        if cache.header_last_accepted_by_rest.as_ref() != Some(value) {
            cache.header_last_accepted_by_rest = Some(value.clone());
        }
    }

    /// Returns the header from the credentials obtained so far. The outer `None` means that the provider must be called
    /// or a login is needed.
    fn cached_header(&self, endpoint: &Endpoint) -> Option<Option<RestHeader>> {
        if let Some(key) = &self.api_key {
            return Some(Some(("x-api-key", key.clone())));
        }
        let credentials = match &self.provider {
            Some(_) => self.cache().provided.clone()?,
            None => self.configured.clone(),
        };
        Some(match credentials {
            Credentials::None => None,
            Credentials::ApiKey(key) => Some(("x-api-key", key)),
            Credentials::Session(cookie) => Some(("cookie", session_cookie(&cookie))),
            Credentials::Password { .. } => Some(("cookie", self.login_cookie(endpoint)?)),
        })
    }

    async fn obtain_header(&self, endpoint: &Endpoint, reason: CredentialsReason) -> Result<Option<RestHeader>, Error> {
        self.obtain_request_auth(endpoint, reason, CredentialChoice::Primary)
            .await
            .map_err(ConnectionFailure::into_error)?;
        Ok(self.cached_header(endpoint).flatten())
    }
}
