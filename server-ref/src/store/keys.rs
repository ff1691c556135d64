//! API keys, as the store accepts and returns them.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::accounts::serialize_time;
use super::{Scope, Scopes};
use crate::ids::CredentialHash;
use crate::time::{Micros, rfc3339};

/// An API key without its secret.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = ApiKey)]
pub(crate) struct KeyInfo {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Scopes that the key grants.
    #[sqlx(try_from = "String")]
    #[schema(value_type = Vec<Scope>)]
    pub(crate) scopes: Scopes,
    /// Origins of the web pages that may use the key. If the list is empty, all pages may use it. Requests without an `Origin` header
    /// are always allowed.
    #[sqlx(try_from = "String")]
    #[schema(value_type = Vec<String>)]
    pub(crate) allowed_origins: AllowedOrigins,
    /// False if the key is switched off.
    pub(crate) is_active: bool,
    #[serde(serialize_with = "serialize_time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
    /// E-mail address of the user who created the key, or null if the server or a command created it or the user was deleted.
    pub(crate) created_by: Option<String>,
    /// Time at which the key expires, or null if it never expires.
    #[serde(serialize_with = "serialize_optional_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) expires_at: Option<Micros>,
    /// Maximum number of REST requests that the key and its tokens together may make per minute on each node, or null if there is no limit.
    pub(crate) requests_per_minute: Option<i64>,
    /// Time of the last use, accurate to the minute, or null if the key has never been used.
    #[serde(serialize_with = "serialize_optional_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_used_at: Option<Micros>,
}

/// An API key, with the data needed to check requests that use the key.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct StoredKey {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) project_id: String,
    #[sqlx(try_from = "String")]
    pub(crate) scopes: Scopes,
    #[sqlx(try_from = "String")]
    pub(crate) allowed_origins: AllowedOrigins,
    pub(crate) is_active: bool,
    pub(crate) expires_at: Option<Micros>,
    pub(crate) requests_per_minute: Option<i64>,
    pub(crate) last_used_at: Option<Micros>,
    /// The public key that verifies the tokens of this API key. An API key that is older than the token feature has no public key
    /// until its first token is created.
    #[sqlx(rename = "token_key")]
    pub(crate) token_public_key: Option<Vec<u8>>,
}

/// A new API key that has not been stored yet.
#[derive(Debug, Default)]
pub(crate) struct KeyDraft {
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    pub(crate) allowed_origins: AllowedOrigins,
    pub(crate) expires_at: Option<Micros>,
    pub(crate) requests_per_minute: Option<i64>,
    /// The id of the user who creates the key.
    pub(crate) creator_id: Option<String>,
}

impl KeyDraft {
    /// Returns the state of the key for the audit log.
    pub(super) fn audit_state(&self) -> Value {
        json!({
            "name": self.name,
            "scopes": self.scopes,
            "allowed_origins": self.allowed_origins,
            "expires_at": self.expires_at.map(rfc3339),
            "requests_per_minute": self.requests_per_minute,
        })
    }
}

/// The values that are stored instead of an API key's secret, and that verify the key and its tokens.
#[derive(Debug)]
pub(crate) struct KeyVerifiers {
    pub(crate) hash: CredentialHash,
    pub(crate) token_public_key: Vec<u8>,
}

/// The origins of web pages that may use an API key, such as `https://app.example`.
///
/// The wire format is a list. The database stores the origins as one string, separated by spaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// Parses origins and normalizes them to the form that browsers send.
    ///
    /// # Errors
    /// Returns the first text that is not an origin.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, &str> {
        let parse = |text| normalize_origin(text).ok_or(text);
        texts.iter().map(String::as_str).map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// Returns true if a request with this `Origin` header may use the key. `None` stands for a request without the header.
    pub(crate) fn allows(&self, origin: Option<&[u8]>) -> bool {
        let Some(origin) = origin else { return true };
        self.0.is_empty() || self.0.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin))
    }
}

fn normalize_origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (matches!(url.scheme(), "http" | "https") && is_bare).then(|| url.origin().ascii_serialization())
}

/// Parses the string in which the database stores the origins.
impl From<String> for AllowedOrigins {
    fn from(words: String) -> Self {
        Self(words.split_ascii_whitespace().map(str::to_owned).collect())
    }
}

impl std::fmt::Display for AllowedOrigins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

fn serialize_optional_time<S: Serializer>(micros: &Option<Micros>, serializer: S) -> Result<S::Ok, S::Error> {
    micros.map(rfc3339).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_normalized_to_the_form_that_browsers_send() {
        let texts = ["https://App.example:443/".to_owned(), "http://localhost:3000".to_owned()];
        let origins = AllowedOrigins::parse(&texts).unwrap();
        assert_eq!(origins.to_string(), "https://app.example http://localhost:3000");
        assert_eq!(AllowedOrigins::from(origins.to_string()), origins);
        assert!(origins.allows(Some(b"https://app.example")) && origins.allows(None));
        for foreign in [&b"https://app.example.org"[..], b"http://app.example", b"null", b""] {
            assert!(!origins.allows(Some(foreign)));
        }
        assert!(AllowedOrigins::default().allows(Some(b"null")));
    }

    #[test]
    fn texts_that_are_not_origins_are_rejected() {
        for bad in
            ["null", "*", "app.example", "https://app.example/page", "ftp://app.example", "https://a@b.example", ""]
        {
            assert_eq!(AllowedOrigins::parse(&[bad.to_owned()]), Err(bad));
        }
    }
}
