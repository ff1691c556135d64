//! Lenient scalars: a number may be text, an id may be a number, and anything may be null.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Field that may be missing, null, or of a related type.
pub(super) struct Lax<T>(pub(super) Option<T>);

/// Deserializes a scalar of any related type; null becomes the default.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: FromScalar + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Lax::deserialize(deserializer)?.0.unwrap_or_default())
}

/// Like [`lenient`], for a field that may be missing.
pub(crate) fn optional<'de, D: Deserializer<'de>, T: FromScalar>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Lax::deserialize(deserializer)?.0)
}

/// Conversion from JSON scalars; `None` means that the type has no such value.
pub(crate) trait FromScalar: Sized {
    const WHAT: &'static str;
    fn text(v: &str) -> Option<Self>;
    fn number(v: f64) -> Option<Self>;
    fn unsigned(v: u64) -> Option<Self> {
        Self::number(v as f64)
    }
    fn signed(v: i64) -> Option<Self> {
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
                T::text(v).map(|v| Lax(Some(v))).ok_or_else(|| E::custom(format_args!("text instead of {}", T::WHAT)))
            }
            fn visit_f64<E: Error>(self, v: f64) -> Result<Lax<T>, E> {
                T::number(v).map(|v| Lax(Some(v))).ok_or_else(|| E::custom(format_args!("{v} instead of {}", T::WHAT)))
            }
            fn visit_u64<E: Error>(self, v: u64) -> Result<Lax<T>, E> {
                T::unsigned(v)
                    .map(|v| Lax(Some(v)))
                    .ok_or_else(|| E::custom(format_args!("{v} instead of {}", T::WHAT)))
            }
            fn visit_i64<E: Error>(self, v: i64) -> Result<Lax<T>, E> {
                T::signed(v).map(|v| Lax(Some(v))).ok_or_else(|| E::custom(format_args!("{v} instead of {}", T::WHAT)))
            }
            fn visit_bool<E: Error>(self, v: bool) -> Result<Lax<T>, E> {
                T::boolean(v).map(|v| Lax(Some(v))).ok_or_else(|| E::custom(format_args!("{v} instead of {}", T::WHAT)))
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
    fn signed(v: i64) -> Option<Self> {
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
    fn unsigned(v: u64) -> Option<Self> {
        v.try_into().ok()
    }
    fn signed(v: i64) -> Option<Self> {
        Some(v)
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

/// Event id. Anything but a positive integer counts as none, so that it can't make an event malformed.
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
                Ok(EventId((v > 0 && v <= super::EVENT_ID_MAX).then_some(v)))
            }
            fn visit_i64<E>(self, _: i64) -> Result<EventId, E> {
                Ok(EventId(None))
            }
            fn visit_f64<E>(self, v: f64) -> Result<EventId, E> {
                Ok(EventId(u64::number(v).filter(|id| *id > 0 && *id <= super::EVENT_ID_MAX && *id as f64 == v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<EventId, E> {
                Ok(EventId(v.parse().ok().filter(|id| *id > 0 && *id <= super::EVENT_ID_MAX)))
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
