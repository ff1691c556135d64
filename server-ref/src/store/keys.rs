//! API keys, as the store takes and returns them.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::accounts::time;
use super::{Scope, Scopes};
use crate::ids::KeyHash;
use crate::time::{Micros, rfc3339};

/// A key without its secret.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = ApiKey)]
pub(crate) struct KeyInfo {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Scopes of the key.
    #[sqlx(try_from = "String")]
    #[schema(value_type = Vec<Scope>)]
    pub(crate) scopes: Scopes,
    /// The pages that may use it, by their origins; empty: all, and programs without an `Origin`.
    #[sqlx(try_from = "String")]
    #[schema(value_type = Vec<String>)]
    pub(crate) allowed_origins: Origins,
    /// False if the key is switched off.
    pub(crate) is_active: bool,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
    /// The e-mail address of the user who made it; null: made by the server, or by a user who was deleted.
    pub(crate) created_by: Option<String>,
    /// The time at which it expires; null: never.
    #[serde(serialize_with = "optional_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) expires_at: Option<Micros>,
    /// The most requests that it may make within a minute, at each node; null: any number.
    pub(crate) requests_per_minute: Option<i64>,
    /// The time of its last use, to the minute; null: never.
    #[serde(serialize_with = "optional_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_used_at: Option<Micros>,
}

/// A key, as requests that present it are checked.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct StoredKey {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) project_id: String,
    #[sqlx(try_from = "String")]
    pub(crate) scopes: Scopes,
    #[sqlx(try_from = "String")]
    pub(crate) allowed_origins: Origins,
    pub(crate) is_active: bool,
    pub(crate) expires_at: Option<Micros>,
    pub(crate) requests_per_minute: Option<i64>,
    pub(crate) last_used_at: Option<Micros>,
    /// Verifies the key's tokens. Keys from before tokens have none until they make one.
    pub(crate) token_key: Option<Vec<u8>>,
}

/// A new key.
#[derive(Debug, Default)]
pub(crate) struct KeyDraft {
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    pub(crate) allowed_origins: Origins,
    pub(crate) expires_at: Option<Micros>,
    pub(crate) requests_per_minute: Option<i64>,
    /// The id of the user who makes it.
    pub(crate) created_by: Option<String>,
}

impl KeyDraft {
    /// Form in which the audit log shows the key.
    pub(super) fn state(&self) -> Value {
        json!({
            "name": self.name,
            "scopes": self.scopes,
            "allowed_origins": self.allowed_origins,
            "expires_at": self.expires_at.map(rfc3339),
            "requests_per_minute": self.requests_per_minute,
        })
    }
}

/// The values that are stored instead of a key.
#[derive(Debug)]
pub(crate) struct KeySecret {
    pub(crate) hash: KeyHash,
    pub(crate) token_key: Vec<u8>,
}

/// Origins of pages, such as `https://app.example`: a list on the wire, with blanks between them in the database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Origins(Vec<String>);

impl Origins {
    /// Parses origins in the form that browsers write. The error is the text that is no origin.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, &str> {
        let parse = |text| origin(text).ok_or(text);
        texts.iter().map(String::as_str).map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// True for a request with this `Origin`, or none, that may use the key.
    pub(crate) fn allow(&self, origin: Option<&[u8]>) -> bool {
        let Some(origin) = origin else { return true };
        self.0.is_empty() || self.0.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin))
    }
}

fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (matches!(url.scheme(), "http" | "https") && is_bare).then(|| url.origin().ascii_serialization())
}

/// Read from the database.
impl From<String> for Origins {
    fn from(words: String) -> Self {
        Self(words.split_ascii_whitespace().map(str::to_owned).collect())
    }
}

impl std::fmt::Display for Origins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

fn optional_time<S: Serializer>(micros: &Option<Micros>, serializer: S) -> Result<S::Ok, S::Error> {
    micros.map(rfc3339).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_as_browsers_write_them() {
        let texts = ["https://App.example:443/".to_owned(), "http://localhost:3000".to_owned()];
        let origins = Origins::parse(&texts).unwrap();
        assert_eq!(origins.to_string(), "https://app.example http://localhost:3000");
        assert_eq!(Origins::from(origins.to_string()), origins);
        assert!(origins.allow(Some(b"https://app.example")) && origins.allow(None));
        for foreign in [&b"https://app.example.org"[..], b"http://app.example", b"null", b""] {
            assert!(!origins.allow(Some(foreign)));
        }
        assert!(Origins::default().allow(Some(b"null")));
    }

    #[test]
    fn what_is_no_origin() {
        for bad in
            ["null", "*", "app.example", "https://app.example/page", "ftp://app.example", "https://a@b.example", ""]
        {
            assert_eq!(Origins::parse(&[bad.to_owned()]), Err(bad));
        }
    }
}
