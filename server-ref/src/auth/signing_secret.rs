//! Secrets for signing values that browsers store and send back.

use std::fmt;

use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;

/// A random key for signatures, shared by all nodes.
#[derive(Clone)]
pub(crate) struct SigningSecret(String);

impl SigningSecret {
    pub(crate) fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Returns a new MAC with this key. Never `None` in practice, because HMAC accepts keys of any length.
    pub(crate) fn new_mac(&self) -> Option<Hmac<Sha256>> {
        Hmac::new_from_slice(self.0.as_bytes()).ok()
    }
}

/// Omits the secret from debug output.
impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}
