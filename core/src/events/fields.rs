//! Lenient fields, and the macro that reads a payload's fields in one pass over its text.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A key of an object, borrowed from the text where it holds no escapes.
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

/// A field that may be missing, null, or of a neighbouring type.
pub(super) struct Lax<T>(pub(super) Option<T>);

/// What a scalar of JSON can become; `None` means that the type has no such value.
pub(super) trait FromScalar: Sized {
    const WHAT: &'static str;
    fn text(v: &str) -> Option<Self>;
    fn number(v: f64) -> Option<Self>;
    fn unsigned(v: u64) -> Option<Self> {
        Self::number(v as f64)
    }
    fn boolean(v: bool) -> Option<Self>;
}

impl<'de, T: FromScalar> Deserialize<'de> for Lax<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V<T>(std::marker::PhantomData<T>);
        impl<'de, T: FromScalar> Visitor<'de> for V<T> {
            type Value = Lax<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::WHAT)
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Lax<T>, E> {
                T::text(v).map(|v| Lax(Some(v))).ok_or_else(|| E::custom(format_args!("text where {} is due", T::WHAT)))
            }
            fn visit_f64<E: Error>(self, v: f64) -> Result<Lax<T>, E> {
                T::number(v)
                    .map(|v| Lax(Some(v)))
                    .ok_or_else(|| E::custom(format_args!("{v} where {} is due", T::WHAT)))
            }
            fn visit_u64<E: Error>(self, v: u64) -> Result<Lax<T>, E> {
                T::unsigned(v)
                    .map(|v| Lax(Some(v)))
                    .ok_or_else(|| E::custom(format_args!("{v} where {} is due", T::WHAT)))
            }
            fn visit_i64<E: Error>(self, v: i64) -> Result<Lax<T>, E> {
                self.visit_f64(v as f64)
            }
            fn visit_bool<E: Error>(self, v: bool) -> Result<Lax<T>, E> {
                T::boolean(v)
                    .map(|v| Lax(Some(v)))
                    .ok_or_else(|| E::custom(format_args!("{v} where {} is due", T::WHAT)))
            }
            fn visit_unit<E: Error>(self) -> Result<Lax<T>, E> {
                Ok(Lax(None))
            }
        }
        deserializer.deserialize_any(V(std::marker::PhantomData))
    }
}

impl FromScalar for String {
    const WHAT: &'static str = "text";
    fn text(v: &str) -> Option<Self> {
        Some(v.to_owned())
    }
    fn number(v: f64) -> Option<Self> {
        Some(v.to_string())
    }
    fn unsigned(v: u64) -> Option<Self> {
        Some(v.to_string())
    }
    fn boolean(v: bool) -> Option<Self> {
        Some(v.to_string())
    }
}

impl FromScalar for super::ProjectId {
    const WHAT: &'static str = "a project id";
    fn text(v: &str) -> Option<Self> {
        Some(v.into())
    }
    fn number(v: f64) -> Option<Self> {
        Some(v.to_string().into())
    }
    fn boolean(_: bool) -> Option<Self> {
        None
    }
}

impl FromScalar for f64 {
    const WHAT: &'static str = "a number";
    fn text(v: &str) -> Option<Self> {
        v.trim().parse().ok().filter(|v: &f64| v.is_finite())
    }
    fn number(v: f64) -> Option<Self> {
        Some(v)
    }
    fn boolean(_: bool) -> Option<Self> {
        None
    }
}

impl FromScalar for u64 {
    const WHAT: &'static str = "a count";
    fn text(v: &str) -> Option<Self> {
        v.trim().parse().ok()
    }
    fn number(v: f64) -> Option<Self> {
        (0.0..=9_007_199_254_740_992.0).contains(&v).then_some(v as u64)
    }
    fn unsigned(v: u64) -> Option<Self> {
        Some(v)
    }
    fn boolean(_: bool) -> Option<Self> {
        None
    }
}

impl FromScalar for i64 {
    const WHAT: &'static str = "a whole number";
    fn text(v: &str) -> Option<Self> {
        v.trim().parse().ok()
    }
    fn number(v: f64) -> Option<Self> {
        (v.abs() <= 9_007_199_254_740_992.0).then_some(v as i64)
    }
    fn boolean(_: bool) -> Option<Self> {
        None
    }
}

impl FromScalar for bool {
    const WHAT: &'static str = "true or false";
    fn text(v: &str) -> Option<Self> {
        match v {
            "true" | "True" | "1" => Some(true),
            "false" | "False" | "0" => Some(false),
            _ => None,
        }
    }
    fn number(v: f64) -> Option<Self> {
        Some(v != 0.0)
    }
    fn boolean(v: bool) -> Option<Self> {
        Some(v)
    }
}

impl FromScalar for super::Timestamp {
    const WHAT: &'static str = "a timestamp";
    fn text(v: &str) -> Option<Self> {
        Some(v.into())
    }
    fn number(v: f64) -> Option<Self> {
        jiff::Timestamp::from_microsecond((v * 1e6) as i64).ok().map(|v| v.to_string().into())
    }
    fn boolean(_: bool) -> Option<Self> {
        None
    }
}

/// An event id that is no positive whole number counts as none, so that it can't make an event malformed.
pub(super) struct EventId(pub(super) Option<u64>);

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = EventId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event id")
            }
            fn visit_u64<E>(self, v: u64) -> Result<EventId, E> {
                Ok(EventId((v > 0).then_some(v)))
            }
            fn visit_i64<E>(self, _: i64) -> Result<EventId, E> {
                Ok(EventId(None))
            }
            fn visit_f64<E>(self, v: f64) -> Result<EventId, E> {
                Ok(EventId(u64::number(v).filter(|id| *id > 0 && *id as f64 == v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<EventId, E> {
                Ok(EventId(v.parse().ok().filter(|id| *id > 0)))
            }
            fn visit_bool<E>(self, _: bool) -> Result<EventId, E> {
                Ok(EventId(None))
            }
            fn visit_unit<E>(self) -> Result<EventId, E> {
                Ok(EventId(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EventId, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(EventId(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<EventId, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(EventId(None))
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// Declares a struct of optional fields and reads it from an object in one pass; what has no name goes to `extra`.
///
/// `project_id` and `event_id` are read for every payload. Names behind `|` are other spellings of the same field.
macro_rules! wire {
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
                struct V;
                impl<$de> serde::de::Visitor<$de> for V {
                    type Value = $name<$de>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<$de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut out = $name::default();
                        while let Some($crate::events::fields::Key(key)) = map.next_key()? {
                            match &*key {
                                $($key $(| $alias)* => out.$field = $read(&mut map)?,)*
                                "project_id" => out.project_id = $crate::events::fields::lax(&mut map)?,
                                "event_id" => {
                                    out.event_id = map.next_value::<$crate::events::fields::EventId>()?.0;
                                }
                                _ => {
                                    out.extra.insert(key.into_owned(), map.next_value()?);
                                }
                            }
                        }
                        Ok(out)
                    }
                }
                deserializer.deserialize_map(V)
            }
        }
    };
}
pub(super) use wire;

/// Reads a lenient scalar.
pub(super) fn lax<'de, A: MapAccess<'de>, T: FromScalar>(map: &mut A) -> Result<Option<T>, A::Error> {
    Ok(map.next_value::<Lax<T>>()?.0)
}

/// Reads anything that may be null.
pub(super) fn nullable<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A) -> Result<Option<T>, A::Error> {
    map.next_value::<Option<T>>()
}

/// Declares an enum of words on the wire that keeps a word it does not know.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal $(| $alias:literal)*),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// A word that this version of the SDK does not know.
            Other(String),
        }

        impl $name {
            /// The word as it is on the wire.
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

        impl $crate::events::fields::FromScalar for $name {
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
pub(super) use words;
