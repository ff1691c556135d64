//! The access that an API key, or a token of it, gives.

use std::sync::Arc;

use super::tokens::Claims;
use crate::store::{Scopes, StoredKey};
use crate::time::Micros;

/// A presented key: the key itself or a token of it.
#[derive(Debug, Clone)]
pub(crate) struct KeyAccess {
    pub(crate) key: Arc<StoredKey>,
    pub(crate) scopes: Scopes,
    /// The time at which the token expires.
    token_expires_at: Option<Micros>,
}

/// The reason for refusing a key or a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error("Invalid API key")]
    Unknown,
    #[error("The API key has expired")]
    Expired,
    #[error("The token has expired")]
    TokenExpired,
    #[error("The API key is switched off")]
    SwitchedOff,
    #[error("The API key can't be used from this origin")]
    Origin,
}

impl Denied {
    /// Code that clients receive.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::TokenExpired => "token_expired",
            _ => "authentication_failed",
        }
    }
}

impl KeyAccess {
    /// `claims`: of the token by which the key is presented.
    pub(super) fn new(key: Arc<StoredKey>, claims: Option<&Claims>) -> Self {
        let scopes = claims.map_or(key.scopes, |claims| claims.scopes.and(key.scopes));
        Self { key, scopes, token_expires_at: claims.map(|claims| claims.expires_at) }
    }

    pub(crate) fn is_token(&self) -> bool {
        self.token_expires_at.is_some()
    }

    /// The time at which access expires.
    pub(crate) fn expires_at(&self) -> Option<Micros> {
        self.key.expires_at.into_iter().chain(self.token_expires_at).min()
    }

    /// Refuses a key or a token that is not valid at this time.
    pub(crate) fn check(&self, now: Micros) -> Result<(), Denied> {
        let is_over = |end: Option<Micros>| end.is_some_and(|end| end <= now);
        match self {
            _ if !self.key.is_active => Err(Denied::SwitchedOff),
            _ if is_over(self.key.expires_at) => Err(Denied::Expired),
            _ if is_over(self.token_expires_at) => Err(Denied::TokenExpired),
            _ => Ok(()),
        }
    }

    /// Refuses a page of an origin that may not use the key.
    pub(super) fn check_origin(&self, origin: Option<&[u8]>) -> Result<(), Denied> {
        if self.key.allowed_origins.allow(origin) { Ok(()) } else { Err(Denied::Origin) }
    }
}
