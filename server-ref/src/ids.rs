//! Identifiers and API keys.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The longest project id that is accepted from outside.
const PROJECT_ID_MAX: usize = 64;
const API_KEY_PREFIX: &str = "am_";
const API_KEY_LEN: usize = 46;

pub(crate) type KeyHash = [u8; 32];

/// A random id, for objects that are few.
pub(crate) fn random_id() -> String {
    Uuid::new_v4().to_string()
}

/// An item's id, which sorts by the time of its creation.
pub(crate) fn content_id() -> String {
    ordered_id()
}

/// An id that sorts by the time of its creation; the ids of one process are in order.
pub(crate) fn ordered_id() -> String {
    Uuid::now_v7().to_string()
}

/// True for text that can be a project id. Other text never reaches the database or the name of a room.
pub(crate) fn is_project_id(text: &str) -> bool {
    (1..=PROJECT_ID_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// 256 random bits as `am_` + 43 characters.
pub(crate) fn new_api_key() -> String {
    api_key(&random_token())
}

/// The key with this secret part.
pub(crate) fn api_key(secret: &str) -> String {
    format!("{API_KEY_PREFIX}{secret}")
}

/// A token that accepts an invitation.
pub(crate) fn new_invitation_token() -> String {
    format!("ami_{}", random_token())
}

/// The hash by which a token is stored and found. It has 256 random bits, like a key.
pub(crate) fn token_hash(token: &str) -> KeyHash {
    Sha256::digest(token.as_bytes()).into()
}

/// 256 random bits as 43 characters of url-safe base64.
pub(crate) fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// The hash by which a key is stored and looked up. A plain hash is enough: 256 random bits can't be guessed.
/// `None` for text that can't be a key, which saves the look-up.
pub(crate) fn key_hash(key: &str) -> Option<KeyHash> {
    let plausible = key.len() == API_KEY_LEN && key.starts_with(API_KEY_PREFIX);
    plausible.then(|| Sha256::digest(key.as_bytes()).into())
}

/// Name of a session, for places that must not contain the id, because the id opens the session.
pub(crate) fn session_name(id: &impl Display) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(id.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_documented_form() {
        let key = new_api_key();
        assert_eq!(key.len(), API_KEY_LEN);
        assert!(key_hash(&key).is_some());
        assert_ne!(key, new_api_key());
        assert_eq!(key_hash("am_short"), None);
    }

    #[test]
    fn project_ids() {
        for good in ["proj_abc123", "6f1c0e9e-6a55-4a0c-8d4b-0b8f4ad4f3c1", "1"] {
            assert!(is_project_id(good), "{good}");
        }
        for bad in ["", "a b", "ä", "x/../y", &"x".repeat(65)] {
            assert!(!is_project_id(bad), "{bad}");
        }
    }
}
