//! Scopes, which determine what an API key may be used for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// A kind of action that an API key may permit in its project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Joining the project, and reading items, statistics, events, rules and notifications.
    Read,
    /// Submitting items.
    Submit,
    /// Reviewing items.
    Review,
    /// Reading and editing rules.
    Rules,
}

impl Scope {
    /// All scopes, in the order in which they are displayed.
    pub const ALL: [Self; 4] = [Self::Read, Self::Submit, Self::Review, Self::Rules];

    /// Returns the name of the scope on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Review => "review",
            Self::Rules => "rules",
        }
    }

    /// Returns the bit that represents the scope in tokens. To keep the bits stable, new scopes must be declared last.
    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == word);
        found.ok_or_else(|| "must be read, submit, review or rules".to_owned())
    }
}

/// A set of scopes.
///
/// The wire format is a list of names. The database stores the names as one string, separated by spaces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scopes(u8);

impl Scopes {
    pub(crate) fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Returns the scopes that both sets contain.
    pub(crate) fn intersection(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Returns the set as the bits that tokens contain.
    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    /// Creates a set from the bits that tokens contain. Bits that are unknown to this version of the server are ignored.
    pub(crate) fn from_bits(bits: u8) -> Self {
        Scope::ALL.into_iter().filter(|scope| bits & scope.bit() != 0).collect()
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

/// Returns the scopes of a new key for which no scopes were requested.
impl Default for Scopes {
    fn default() -> Self {
        Self::from_iter([Scope::Read, Scope::Submit])
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// Parses the string in which the database stores the scopes. Names that are unknown to this version of the
/// server are ignored.
impl From<String> for Scopes {
    fn from(words: String) -> Self {
        words.split_ascii_whitespace().filter_map(|word| word.parse::<Scope>().ok()).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Scope>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_convert_to_names_and_back() {
        let scopes = Scopes::from("rules read later_one read".to_owned());
        assert_eq!(scopes.to_string(), "read rules");
        assert_eq!(Scopes::from(scopes.to_string()), scopes);
        assert_eq!(serde_json::to_string(&scopes).unwrap(), r#"["read","rules"]"#);
        assert_eq!(serde_json::from_str::<Scopes>(r#"["rules","read","read"]"#).unwrap(), scopes);
        assert!(serde_json::from_str::<Scopes>(r#"["everything"]"#).is_err());
        assert!(Scopes::from(String::new()).is_empty());
    }

    #[test]
    fn sets_intersect_and_unknown_bits_are_ignored() {
        let read = Scopes::from_iter([Scope::Read]);
        assert_eq!(Scopes::default().intersection(read), read);
        assert_eq!(Scopes::from_bits(read.bits() | 0x80), read);
        assert!(read.contains(Scope::Read) && !read.contains(Scope::Rules));
    }
}
