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
        if let Some(header) = self.known_header(endpoint) {
            return Ok(header);
        }
        let _one_at_a_time = self.renewing.lock().await;
        match self.known_header(endpoint) {
            Some(header) => Ok(header),
            None => self.asked_header(endpoint, CredentialsReason::First).await,
        }
    }

    /// Returns another header after REST has refused this one, or `None` if there is no other. A login whose cookie
    /// REST has never accepted is not repeated, because deployed servers require an API key for REST.
    pub(crate) async fn renewed_header(
        &self,
        endpoint: &Endpoint,
        (_, refused): &RestHeader,
    ) -> Result<Option<RestHeader>, Error> {
        if self.rest_key.is_some() || self.source() == CredentialsSource::Fixed {
            return Ok(None);
        }
        let is_new = |header: &Option<RestHeader>| header.as_ref().is_some_and(|(_, value)| value != refused);
        let _one_at_a_time = self.renewing.lock().await;
        if let Some(header) = self.known_header(endpoint).filter(is_new) {
            return Ok(header);
        }
        if self.cookie(endpoint).is_some() && self.shown().accepted.as_ref() != Some(refused) {
            return Ok(None);
        }
        let header = self.asked_header(endpoint, CredentialsReason::Rejected).await?;
        Ok(header.filter(|(_, value)| value != refused))
    }

    /// Records that REST has accepted this header.
    pub(crate) fn rest_accepted(&self, (_, value): &RestHeader) {
        let mut shown = self.shown();
        if shown.accepted.as_ref() != Some(value) {
            shown.accepted = Some(value.clone());
        }
    }

    /// Returns the header from the credentials obtained so far. The outer `None` means that the provider must be called
    /// or a login is needed.
    fn known_header(&self, endpoint: &Endpoint) -> Option<Option<RestHeader>> {
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
            Credentials::Password { .. } => Some(("cookie", self.cookie(endpoint)?)),
        })
    }

    async fn asked_header(&self, endpoint: &Endpoint, reason: CredentialsReason) -> Result<Option<RestHeader>, Error> {
        self.request_auth(endpoint, reason, CredentialChoice::Primary).await.map_err(ConnectionFailure::into_error)?;
        Ok(self.known_header(endpoint).flatten())
    }
}
