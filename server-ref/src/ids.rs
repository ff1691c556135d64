//! Generation and validation of ids, API keys and tokens.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Maximum length of a project id in a request, in bytes.
const PROJECT_ID_BYTES_MAX: usize = 64;
const API_KEY_PREFIX: &str = "am_";
const API_KEY_LEN: usize = 46;

pub(crate) type CredentialHash = [u8; 32];

/// Returns a random UUID for objects whose ids need not be ordered.
pub(crate) fn random_id() -> String {
    Uuid::new_v4().to_string()
}

/// Returns a new id for a moderated item. The ids sort by time of creation.
pub(crate) fn new_content_id() -> String {
    new_ordered_id()
}

/// Returns a new UUID that sorts by time of creation. Ids from the same process are strictly ordered.
pub(crate) fn new_ordered_id() -> String {
    Uuid::now_v7().to_string()
}

/// Returns true if the text can be a project id. Other text must not reach the database or become part of a room's name.
pub(crate) fn is_valid_project_id(text: &str) -> bool {
    (1..=PROJECT_ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Returns a new API key: `am_` and 43 characters that encode 256 random bits.
pub(crate) fn new_api_key() -> String {
    add_api_key_prefix(&random_token())
}

/// Returns the API key with this secret part.
pub(crate) fn add_api_key_prefix(secret: &str) -> String {
    format!("{API_KEY_PREFIX}{secret}")
}

/// Returns a new token with which an invited user accepts or declines the invitation.
pub(crate) fn new_invitation_token() -> String {
    format!("ami_{}", random_token())
}

/// Returns the hash under which an invitation token is stored. As with API keys, a plain hash suffices.
pub(crate) fn invitation_token_hash(token: &str) -> CredentialHash {
    Sha256::digest(token.as_bytes()).into()
}

/// Returns 256 random bits as 43 characters of URL-safe base64.
pub(crate) fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// Returns the hash under which an API key is stored. A plain hash suffices, because 256 random bits can't be guessed. Returns
/// `None` if the text can't be an API key, which saves the caller a look-up.
pub(crate) fn api_key_hash(key: &str) -> Option<CredentialHash> {
    let plausible = key.len() == API_KEY_LEN && key.starts_with(API_KEY_PREFIX);
    plausible.then(|| Sha256::digest(key.as_bytes()).into())
}

/// Returns the hash of a session's id. The hash replaces the id wherever the id would be stored or sent to other nodes, because anyone with
/// the id can use the session.
pub(crate) fn session_id_hash(id: &impl Display) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(id.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_documented_form() {
        let key = new_api_key();
        assert_eq!(key.len(), API_KEY_LEN);
        assert!(api_key_hash(&key).is_some());
        assert_ne!(key, new_api_key());
        assert_eq!(api_key_hash("am_short"), None);
    }

    #[test]
    fn project_ids_are_validated() {
        for good in ["proj_abc123", "6f1c0e9e-6a55-4a0c-8d4b-0b8f4ad4f3c1", "1"] {
            assert!(is_valid_project_id(good), "{good}");
        }
        for bad in ["", "a b", "ä", "x/../y", &"x".repeat(65)] {
            assert!(!is_valid_project_id(bad), "{bad}");
        }
    }
}
