//! Macros that declare the fields of a payload and decode them in one pass.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::scalar::{FromScalar, Lax};

/// Object key, borrowed from the text unless it contains escapes.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
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
        deserializer.deserialize_str(V)
    }
}

/// Declares a struct of optional fields that is decoded from an object in one pass; other fields go to `extra`.
///
/// Every payload has `project_id` and `event_id`. Names after `|` are aliases of the same field.
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

        // Decodes into an existing struct, because moving it costs about as much as decoding a field.
        impl<$de> serde::de::DeserializeSeed<$de> for &mut $name<$de> {
            type Value = ();

            fn deserialize<D: serde::Deserializer<$de>>(self, deserializer: D) -> Result<(), D::Error> {
                struct V<'a, $de>(&'a mut $name<$de>);
                impl<$de> serde::de::Visitor<$de> for V<'_, $de> {
                    type Value = ();
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<$de>>(self, mut map: A) -> Result<(), A::Error> {
                        let out = self.0;
                        while let Some($crate::events::fields::Key(key)) = map.next_key()? {
                            match &*key {
                                $($key $(| $alias)* => out.$field = $read(&mut map)?,)*
                                "project_id" => out.project_id = $crate::events::fields::lax(&mut map)?,
                                "event_id" => {
                                    out.event_id = map.next_value::<$crate::events::scalar::EventId>()?.0;
                                }
                                _ => {
                                    out.extra.insert(key.into_owned(), map.next_value()?);
                                }
                            }
                        }
                        Ok(())
                    }
                }
                deserializer.deserialize_map(V(self))
            }
        }
    };
}
pub(super) use payload;

/// Decodes a lenient scalar.
pub(super) fn lax<'de, A: MapAccess<'de>, T: FromScalar>(map: &mut A) -> Result<Option<T>, A::Error> {
    Ok(map.next_value::<Lax<T>>()?.0)
}

/// Decodes a value that may be null.
pub(super) fn nullable<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A) -> Result<Option<T>, A::Error> {
    map.next_value::<Option<T>>()
}

/// Declares an enum of wire words that keeps unknown words.
macro_rules! word_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal $(| $alias:literal)*),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// Word that this version of the SDK does not know.
            Other(String),
        }

        impl $name {
            /// The word as written on the wire.
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

        /// Serialized as its word.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        /// Deserialized from a word; unknown ones are kept.
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
            const WHAT: &'static str = "a word";
            fn text(v: &str) -> Option<Self> {
                Some(v.into())
            }
            fn number(v: f64) -> Option<Self> {
                Some(Self::Other(v.to_string()))
            }
            fn boolean(v: bool) -> Option<Self> {
                Some(Self::Other(v.to_string()))
            }
        }
    };
}
pub(super) use word_enum;
