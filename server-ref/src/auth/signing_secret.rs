//! The secrets that sign what browsers send back.

use std::fmt;

use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;

/// The key of a signature: random, and the same on all nodes.
#[derive(Clone)]
pub(crate) struct SigningSecret(String);

impl SigningSecret {
    pub(crate) fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// A MAC to be updated with what is signed. `None` does not happen: HMAC takes keys of any length.
    pub(crate) fn mac(&self) -> Option<Hmac<Sha256>> {
        Hmac::new_from_slice(self.0.as_bytes()).ok()
    }
}

/// Omits the secret.
impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}
