//! Tokens: short-lived credentials that are created with an API key and have at most its scopes.
//!
//! A token is signed and not stored. The signing key pair is derived from the API key, which is not stored. The database contains only
//! the public key, so every node can verify tokens, and none can create them without the API key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::Sha256;

use crate::Error;
use crate::store::Scopes;
use crate::time::Micros;

const TOKEN_PREFIX: &str = "amt_";
/// Maximum length of a token, in bytes.
const TOKEN_BYTES_MAX: usize = 512;
const TOKEN_VERSION: u8 = 1;
const SIGNATURE_BYTES: usize = 64;
/// Number of bytes before the key's id: version, scopes, expiry, and random bytes that distinguish tokens created at the same moment.
const HEADER_BYTES: usize = 1 + 1 + 8 + 8;
const SEED_DERIVATION_LABEL: &[u8] = b"automoderate: signs tokens, 1";

/// The signed content of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) key_id: String,
    pub(super) scopes: Scopes,
    pub(super) expires_at: Micros,
}

/// A parsed token whose signature is not verified yet.
#[derive(Debug)]
pub(super) struct UnverifiedToken {
    pub(super) claims: Claims,
    bytes: Vec<u8>,
}

/// Returns true if the text begins like a token.
pub(super) fn has_token_prefix(text: &str) -> bool {
    text.starts_with(TOKEN_PREFIX)
}

/// Returns the public key that verifies the tokens of an API key.
pub(super) fn token_public_key(api_key: &str) -> Result<Vec<u8>, Error> {
    Ok(derive_key_pair(api_key)?.public_key().as_ref().to_vec())
}

/// Creates a token with these claims, signed with the key pair of the API key.
pub(super) fn sign(api_key: &str, claims: &Claims) -> Result<String, Error> {
    let mut bytes = vec![TOKEN_VERSION, claims.scopes.bits()];
    bytes.extend(claims.expires_at.to_be_bytes());
    bytes.extend(rand::random::<[u8; 8]>());
    bytes.extend(claims.key_id.as_bytes());
    let signature = derive_key_pair(api_key)?.sign(&bytes);
    bytes.extend(signature.as_ref());
    Ok(format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Parses a token; `None` if the text is malformed or has another version.
pub(super) fn parse(token: &str) -> Option<UnverifiedToken> {
    let text = token.strip_prefix(TOKEN_PREFIX).filter(|_| token.len() <= TOKEN_BYTES_MAX)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let body = bytes.len().checked_sub(SIGNATURE_BYTES).and_then(|end| bytes.get(..end))?;
    let (fixed, key_id) = body.split_at_checked(HEADER_BYTES)?;
    let [TOKEN_VERSION, scopes, ..] = *fixed else { return None };
    let claims = Claims {
        key_id: String::from_utf8(key_id.to_vec()).ok()?,
        scopes: Scopes::from_bits(scopes),
        expires_at: Micros::from_be_bytes(fixed.get(2..10)?.try_into().ok()?),
    };
    Some(UnverifiedToken { claims, bytes })
}

impl UnverifiedToken {
    pub(super) fn is_signed_by(&self, token_key: &[u8]) -> bool {
        let (body, signature) = self.bytes.split_at(self.bytes.len().saturating_sub(SIGNATURE_BYTES));
        UnparsedPublicKey::new(&ED25519, token_key).verify(body, signature).is_ok()
    }
}

fn derive_key_pair(api_key: &str) -> Result<Ed25519KeyPair, Error> {
    let mac = Hmac::<Sha256>::new_from_slice(api_key.as_bytes());
    let seed = mac
        .map_err(|error| Error::Internal(error.to_string()))?
        .chain_update(SEED_DERIVATION_LABEL)
        .finalize()
        .into_bytes();
    Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::new_api_key;
    use crate::store::Scope;

    fn claims() -> Claims {
        Claims { key_id: "some-key".into(), scopes: Scopes::from_iter([Scope::Read, Scope::Rules]), expires_at: 5 }
    }

    #[test]
    fn only_the_signing_key_verifies_a_token() {
        let (key, other) = (new_api_key(), new_api_key());
        let token = sign(&key, &claims()).unwrap();
        assert!(has_token_prefix(&token) && token.len() < TOKEN_BYTES_MAX);
        let signed = parse(&token).unwrap();
        assert_eq!(signed.claims, claims());
        assert!(signed.is_signed_by(&token_public_key(&key).unwrap()));
        assert!(!signed.is_signed_by(&token_public_key(&other).unwrap()));
        assert!(!signed.is_signed_by(b"short"));
        assert_ne!(token, sign(&key, &claims()).unwrap());
    }

    #[test]
    fn changed_tokens_are_rejected() {
        let key = new_api_key();
        let bytes = URL_SAFE_NO_PAD.decode(&sign(&key, &claims()).unwrap()[TOKEN_PREFIX.len()..]).unwrap();
        let token_key = token_public_key(&key).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let token = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(changed));
            assert!(parse(&token).is_none_or(|signed| !signed.is_signed_by(&token_key)), "bit {bit}");
        }
    }

    #[test]
    fn malformed_tokens_are_rejected() {
        for text in ["", "amt_", "am_x", "amt_AQ", "amt_!!!!", &format!("amt_{}", "A".repeat(600))] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
