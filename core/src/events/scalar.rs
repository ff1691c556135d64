//! Lenient decoding of scalars: a number may be text, an id may be a number, and any value may be null.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Scalar deserialized from null or from any JSON scalar that `T` can represent.
pub(super) struct CoercedScalar<T>(pub(super) Option<T>);

/// Deserializes any scalar that `T` can represent. Null becomes the default value.
pub(crate) fn coerced_scalar_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromScalar + Default,
{
    Ok(CoercedScalar::deserialize(deserializer)?.0.unwrap_or_default())
}

/// Deserializes any scalar that `T` can represent. Null becomes `None`.
pub(crate) fn coerced_scalar_or_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromScalar,
{
    Ok(CoercedScalar::deserialize(deserializer)?.0)
}

/// Conversion from JSON scalars. `None` means that the scalar has no equivalent in the type.
pub(crate) trait FromScalar: Sized {
    /// Description of valid values, for error messages such as "true instead of a count".
    const EXPECTED: &'static str;
    fn from_text(v: &str) -> Option<Self>;
    fn from_number(v: f64) -> Option<Self>;
    fn from_unsigned(v: u64) -> Option<Self> {
        Self::from_number(v as f64)
    }
    fn from_signed(v: i64) -> Option<Self> {
        Self::from_number(v as f64)
    }
    fn from_bool(v: bool) -> Option<Self>;
}

impl<'de, T: FromScalar> Deserialize<'de> for CoercedScalar<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: FromScalar> Visitor<'de> for ScalarVisitor<T> {
            type Value = CoercedScalar<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::EXPECTED)
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<CoercedScalar<T>, E> {
                T::from_text(v)
                    .map(|v| CoercedScalar(Some(v)))
                    .ok_or_else(|| E::custom(format_args!("text instead of {}", T::EXPECTED)))
            }
            fn visit_f64<E: Error>(self, v: f64) -> Result<CoercedScalar<T>, E> {
                T::from_number(v)
                    .map(|v| CoercedScalar(Some(v)))
                    .ok_or_else(|| E::custom(format_args!("{v} instead of {}", T::EXPECTED)))
            }
            fn visit_u64<E: Error>(self, v: u64) -> Result<CoercedScalar<T>, E> {
                T::from_unsigned(v)
                    .map(|v| CoercedScalar(Some(v)))
                    .ok_or_else(|| E::custom(format_args!("{v} instead of {}", T::EXPECTED)))
            }
            fn visit_i64<E: Error>(self, v: i64) -> Result<CoercedScalar<T>, E> {
                T::from_signed(v)
                    .map(|v| CoercedScalar(Some(v)))
                    .ok_or_else(|| E::custom(format_args!("{v} instead of {}", T::EXPECTED)))
            }
            fn visit_bool<E: Error>(self, v: bool) -> Result<CoercedScalar<T>, E> {
                T::from_bool(v)
                    .map(|v| CoercedScalar(Some(v)))
                    .ok_or_else(|| E::custom(format_args!("{v} instead of {}", T::EXPECTED)))
            }
            fn visit_unit<E: Error>(self) -> Result<CoercedScalar<T>, E> {
                Ok(CoercedScalar(None))
            }
        }
        deserializer.deserialize_any(ScalarVisitor(std::marker::PhantomData))
    }
}

impl FromScalar for String {
    const EXPECTED: &'static str = "text";
    fn from_text(v: &str) -> Option<Self> {
        Some(v.to_owned())
    }
    fn from_number(v: f64) -> Option<Self> {
        Some(v.to_string())
    }
    fn from_unsigned(v: u64) -> Option<Self> {
        Some(v.to_string())
    }
    fn from_signed(v: i64) -> Option<Self> {
        Some(v.to_string())
    }
    fn from_bool(v: bool) -> Option<Self> {
        Some(v.to_string())
    }
}

impl FromScalar for super::ProjectId {
    const EXPECTED: &'static str = "a project id";
    fn from_text(v: &str) -> Option<Self> {
        Some(v.into())
    }
    fn from_number(v: f64) -> Option<Self> {
        Some(v.to_string().into())
    }
    fn from_bool(_: bool) -> Option<Self> {
        None
    }
}

impl FromScalar for f64 {
    const EXPECTED: &'static str = "a number";
    fn from_text(v: &str) -> Option<Self> {
        v.trim().parse().ok().filter(|v: &f64| v.is_finite())
    }
    fn from_number(v: f64) -> Option<Self> {
        Some(v)
    }
    fn from_bool(_: bool) -> Option<Self> {
        None
    }
}

impl FromScalar for u64 {
    const EXPECTED: &'static str = "a count";
    fn from_text(v: &str) -> Option<Self> {
        v.trim().parse().ok()
    }
    fn from_number(v: f64) -> Option<Self> {
        (0.0..=9_007_199_254_740_992.0).contains(&v).then_some(v as u64)
    }
    fn from_unsigned(v: u64) -> Option<Self> {
        Some(v)
    }
    fn from_bool(_: bool) -> Option<Self> {
        None
    }
}

impl FromScalar for i64 {
    const EXPECTED: &'static str = "a whole number";
    fn from_text(v: &str) -> Option<Self> {
        v.trim().parse().ok()
    }
    fn from_number(v: f64) -> Option<Self> {
        (v.abs() <= 9_007_199_254_740_992.0).then_some(v as i64)
    }
    fn from_unsigned(v: u64) -> Option<Self> {
        v.try_into().ok()
    }
    fn from_signed(v: i64) -> Option<Self> {
        Some(v)
    }
    fn from_bool(_: bool) -> Option<Self> {
        None
    }
}

impl FromScalar for bool {
    const EXPECTED: &'static str = "true or false";
    fn from_text(v: &str) -> Option<Self> {
        match v {
            "true" | "True" | "1" => Some(true),
            "false" | "False" | "0" => Some(false),
            _ => None,
        }
    }
    fn from_number(v: f64) -> Option<Self> {
        Some(v != 0.0)
    }
    fn from_bool(v: bool) -> Option<Self> {
        Some(v)
    }
}

impl FromScalar for super::Timestamp {
    const EXPECTED: &'static str = "a timestamp";
    fn from_text(v: &str) -> Option<Self> {
        Some(v.into())
    }
    fn from_number(v: f64) -> Option<Self> {
        jiff::Timestamp::from_microsecond((v * 1e6) as i64).ok().map(|v| v.to_string().into())
    }
    fn from_bool(_: bool) -> Option<Self> {
        None
    }
}

/// Event id, sent as a number or as text. Anything but an integer from 1 to [`EVENT_ID_MAX`](super::EVENT_ID_MAX) is
/// read as `None`, so that a bad id does not make the event malformed.
pub(super) struct EventIdIfValid(pub(super) Option<u64>);

impl<'de> Deserialize<'de> for EventIdIfValid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EventIdVisitor;
        impl<'de> Visitor<'de> for EventIdVisitor {
            type Value = EventIdIfValid;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event id")
            }
            fn visit_u64<E>(self, v: u64) -> Result<EventIdIfValid, E> {
                Ok(EventIdIfValid((v > 0 && v <= super::EVENT_ID_MAX).then_some(v)))
            }
            fn visit_i64<E>(self, _: i64) -> Result<EventIdIfValid, E> {
                Ok(EventIdIfValid(None))
            }
            fn visit_f64<E>(self, v: f64) -> Result<EventIdIfValid, E> {
                Ok(EventIdIfValid(
                    u64::from_number(v).filter(|id| *id > 0 && *id <= super::EVENT_ID_MAX && *id as f64 == v),
                ))
            }
            fn visit_str<E>(self, v: &str) -> Result<EventIdIfValid, E> {
                Ok(EventIdIfValid(v.parse().ok().filter(|id| *id > 0 && *id <= super::EVENT_ID_MAX)))
            }
            fn visit_bool<E>(self, _: bool) -> Result<EventIdIfValid, E> {
                Ok(EventIdIfValid(None))
            }
            fn visit_unit<E>(self) -> Result<EventIdIfValid, E> {
                Ok(EventIdIfValid(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EventIdIfValid, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(EventIdIfValid(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<EventIdIfValid, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(EventIdIfValid(None))
            }
        }
        deserializer.deserialize_any(EventIdVisitor)
    }
}
