//! The packing of field types.

use automoderate::{ProjectId, RawJson, Timestamp};

use super::{Pack, Type, Writer};

macro_rules! scalars {
    ($($rust:ty = $ty:expr, |$value:ident, $writer:ident| $pack:expr;)*) => {
        $(impl Pack for $rust {
            fn ty() -> Type {
                $ty
            }
            fn pack(&self, $writer: &mut Writer) {
                let $value = self;
                $pack
            }
        })*
    };
}

scalars! {
    String = Type::Text, |text, writer| writer.data(text.as_bytes());
    ProjectId = Type::Shared, |id, writer| writer.shared(id);
    u64 = Type::Count, |count, writer| writer.count(*count);
    u32 = Type::Count, |count, writer| writer.count((*count).into());
    i64 = Type::Integer, |number, writer| writer.count(*number as u64);
    f64 = Type::Number, |number, writer| writer.number(*number);
    bool = Type::Flag, |flag, writer| writer.byte((*flag).into());
    Vec<u8> = Type::Data, |data, writer| writer.data(data);
    RawJson = Type::RawJson, |json, writer| writer.data(json.as_str().as_bytes());
    jiff::Timestamp = Type::Date, |instant, writer| writer.number(seconds(*instant));
    Timestamp = Type::Timestamp, |timestamp, writer| {
        writer.number(timestamp.instant().map_or(f64::NAN, seconds));
        writer.data(timestamp.as_str().as_bytes());
    };
}

/// Seconds since 1970, with the precision of both languages' clocks.
fn seconds(instant: jiff::Timestamp) -> f64 {
    instant.as_microsecond() as f64 / 1e6
}

impl<T: Pack> Pack for Option<T> {
    fn ty() -> Type {
        Type::Optional(Box::new(T::ty()))
    }
    fn pack(&self, writer: &mut Writer) {
        writer.byte(self.is_some().into());
        if let Some(value) = self {
            value.pack(writer);
        }
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn ty() -> Type {
        Type::List(Box::new(T::ty()))
    }
    fn pack(&self, writer: &mut Writer) {
        writer.len(self.len());
        self.iter().for_each(|one| one.pack(writer));
    }
}
