//! Macros that declare payloads, which are decoded in a single pass, and enums of words.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::scalar::{CoercedScalar, FromScalar};

/// Key of a JSON object. A key without escapes borrows from the text.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(v.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Declares a struct of optional fields that is decoded from a JSON object in a single pass.
///
/// Every such struct has the fields `project_id` and `event_id`. Names after `|` are aliases. Undeclared fields are
/// collected in `extra`.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident<$de:lifetime> { $($field:ident: $ty:ty = $key:literal $(| $alias:literal)* => $read:expr),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub(super) struct $name<$de> {
            pub(super) project_id: Option<$crate::events::ProjectId>,
            pub(super) event_id: Option<u64>,
            $(pub(super) $field: Option<$ty>,)*
            pub(super) extra: $crate::events::Extra,
            pub(super) borrowed: std::marker::PhantomData<&$de ()>,
        }

        impl<$de> serde::Deserialize<$de> for $name<$de> {
            fn deserialize<D: serde::Deserializer<$de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut out = $name::default();
                serde::de::DeserializeSeed::deserialize(&mut out, deserializer)?;
                Ok(out)
            }
        }

        // Decodes into an existing struct, because moving the struct costs about as much as decoding a field.
        impl<$de> serde::de::DeserializeSeed<$de> for &mut $name<$de> {
            type Value = ();

            fn deserialize<D: serde::Deserializer<$de>>(self, deserializer: D) -> Result<(), D::Error> {
                struct PayloadVisitor<'a, $de>(&'a mut $name<$de>);
                impl<$de> serde::de::Visitor<$de> for PayloadVisitor<'_, $de> {
                    type Value = ();
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<$de>>(self, mut map: A) -> Result<(), A::Error> {
                        let out = self.0;
                        while let Some($crate::events::payload_fields::Key(key)) = map.next_key()? {
                            match &*key {
                                $($key $(| $alias)* => out.$field = $read(&mut map)?,)*
                                "project_id" => out.project_id = $crate::events::payload_fields::coerced_scalar(&mut map)?,
                                "event_id" => {
                                    out.event_id = map.next_value::<$crate::events::scalar::EventIdIfValid>()?.0;
                                }
                                _ => {
                                    out.extra.insert(key.into_owned(), map.next_value()?);
                                }
                            }
                        }
                        Ok(())
                    }
                }
                deserializer.deserialize_map(PayloadVisitor(self))
            }
        }
    };
}
pub(super) use payload;

/// Decodes the next value of the map as a scalar that may be of a related type, such as a number sent as text.
pub(super) fn coerced_scalar<'de, A: MapAccess<'de>, T: FromScalar>(map: &mut A) -> Result<Option<T>, A::Error> {
    Ok(map.next_value::<CoercedScalar<T>>()?.0)
}

/// Decodes the next value of the map. Null becomes `None`.
pub(super) fn nullable<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A) -> Result<Option<T>, A::Error> {
    map.next_value::<Option<T>>()
}

/// Declares an enum of the words that a field can contain. Unknown words are preserved in `Other`.
macro_rules! word_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal $(| $alias:literal)*),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// Value that this version of the SDK does not know.
            Other(String),
        }

        impl $name {
            /// Returns the value as documented servers write it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word $(| $alias)* => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        /// Serializes the value as documented servers write it.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        /// Deserializes any text. Unknown values are preserved.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Ok(Self::from(&*word))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl $crate::events::scalar::FromScalar for $name {
            const EXPECTED: &'static str = "a word";
            fn from_text(v: &str) -> Option<Self> {
                Some(v.into())
            }
            fn from_number(v: f64) -> Option<Self> {
                Some(Self::Other(v.to_string()))
            }
            fn from_bool(v: bool) -> Option<Self> {
                Some(Self::Other(v.to_string()))
            }
        }
    };
}
pub(super) use word_enum;
