//! Packs scalar types, options and lists.

use automoderate::{ProjectId, RawJson, Timestamp};

use super::{FieldType, Pack, PackWriter};

macro_rules! scalars {
    ($($rust:ty = $ty:expr, |$value:ident, $writer:ident| $pack:expr;)*) => {
        $(impl Pack for $rust {
            fn field_type() -> FieldType {
                $ty
            }
            fn pack(&self, $writer: &mut PackWriter) {
                let $value = self;
                $pack
            }
        })*
    };
}

scalars! {
    String = FieldType::Text, |text, writer| writer.write_bytes(text.as_bytes());
    ProjectId = FieldType::Shared, |id, writer| writer.write_shared_text(id);
    u64 = FieldType::Count, |count, writer| writer.write_integer(*count);
    u32 = FieldType::Count, |count, writer| writer.write_integer((*count).into());
    i64 = FieldType::Integer, |number, writer| writer.write_integer(*number as u64);
    f64 = FieldType::Number, |number, writer| writer.write_number(*number);
    bool = FieldType::Flag, |flag, writer| writer.write_byte((*flag).into());
    Vec<u8> = FieldType::Data, |data, writer| writer.write_bytes(data);
    RawJson = FieldType::RawJson, |json, writer| writer.write_bytes(json.as_str().as_bytes());
    jiff::Timestamp = FieldType::Date, |instant, writer| writer.write_number(to_unix_seconds(*instant));
    Timestamp = FieldType::Timestamp, |timestamp, writer| {
        writer.write_number(timestamp.instant().map_or(f64::NAN, to_unix_seconds));
        writer.write_bytes(timestamp.as_str().as_bytes());
    };
}

/// Converts an instant to seconds since 1970, with microsecond precision.
fn to_unix_seconds(instant: jiff::Timestamp) -> f64 {
    instant.as_microsecond() as f64 / 1e6
}

impl<T: Pack> Pack for Option<T> {
    fn field_type() -> FieldType {
        FieldType::Optional(Box::new(T::field_type()))
    }
    fn pack(&self, writer: &mut PackWriter) {
        writer.write_byte(self.is_some().into());
        if let Some(value) = self {
            value.pack(writer);
        }
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn field_type() -> FieldType {
        FieldType::List(Box::new(T::field_type()))
    }
    fn pack(&self, writer: &mut PackWriter) {
        writer.write_length(self.len());
        self.iter().for_each(|one| one.pack(writer));
    }
}
