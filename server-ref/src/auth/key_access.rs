//! The access that an API key or one of its tokens grants.

use std::sync::Arc;

use super::tokens::Claims;
use crate::store::{Scopes, StoredKey};
use crate::time::Micros;

/// The access of a request that carries an API key or one of its tokens.
#[derive(Debug, Clone)]
pub(crate) struct KeyAccess {
    pub(crate) key: Arc<StoredKey>,
    pub(crate) scopes: Scopes,
    /// Time at which the token expires; `None` for a key.
    token_expires_at: Option<Micros>,
}

/// The reason why a key or a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyRefusal {
    #[error("Invalid API key")]
    UnknownKey,
    #[error("The API key has expired")]
    KeyExpired,
    #[error("The token has expired")]
    TokenExpired,
    #[error("The API key is switched off")]
    KeySwitchedOff,
    #[error("The API key can't be used from this origin")]
    OriginNotAllowed,
}

impl KeyRefusal {
    /// Returns the error code that clients receive.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::TokenExpired => "token_expired",
            _ => "authentication_failed",
        }
    }
}

impl KeyAccess {
    /// Creates the access of a key or, with `claims`, of one of its tokens.
    pub(super) fn new(key: Arc<StoredKey>, claims: Option<&Claims>) -> Self {
        let scopes = claims.map_or(key.scopes, |claims| claims.scopes.intersection(key.scopes));
        Self { key, scopes, token_expires_at: claims.map(|claims| claims.expires_at) }
    }

    pub(crate) fn is_token(&self) -> bool {
        self.token_expires_at.is_some()
    }

    /// Returns the time at which the key or the token expires, whichever is earlier.
    pub(crate) fn expires_at(&self) -> Option<Micros> {
        self.key.expires_at.into_iter().chain(self.token_expires_at).min()
    }

    /// Checks that the key is switched on, and that neither the key nor the token has expired at this time.
    pub(crate) fn check_validity(&self, now: Micros) -> Result<(), KeyRefusal> {
        let has_passed = |end: Option<Micros>| end.is_some_and(|end| end <= now);
        match self {
            _ if !self.key.is_active => Err(KeyRefusal::KeySwitchedOff),
            _ if has_passed(self.key.expires_at) => Err(KeyRefusal::KeyExpired),
            _ if has_passed(self.token_expires_at) => Err(KeyRefusal::TokenExpired),
            _ => Ok(()),
        }
    }

    /// Checks that pages of this origin may use the key. Without an origin, the check succeeds.
    pub(super) fn check_origin(&self, origin: Option<&[u8]>) -> Result<(), KeyRefusal> {
        if self.key.allowed_origins.allows(origin) { Ok(()) } else { Err(KeyRefusal::OriginNotAllowed) }
    }
}
