//! Packs JSON values. The JSON parser limits the depth of values, so recursion is safe.

use automoderate::Extra;
use serde_json::Value;

use super::{FieldType, Pack, PackWriter};

impl Pack for Value {
    fn field_type() -> FieldType {
        FieldType::Json
    }
    fn pack(&self, writer: &mut PackWriter) {
        match self {
            Self::Null => writer.write_byte(0),
            Self::Bool(flag) => writer.write_byte(1 + u8::from(*flag)),
            Self::Number(number) => match number.as_i64() {
                Some(whole) => {
                    writer.write_byte(3);
                    writer.write_integer(whole as u64);
                }
                None => {
                    writer.write_byte(4);
                    writer.write_number(number.as_f64().unwrap_or(f64::NAN));
                }
            },
            Self::String(text) => {
                writer.write_byte(5);
                writer.write_bytes(text.as_bytes());
            }
            Self::Array(all) => {
                writer.write_byte(6);
                all.pack(writer);
            }
            Self::Object(members) => {
                writer.write_byte(7);
                members.pack(writer);
            }
        }
    }
}

impl Pack for Extra {
    fn field_type() -> FieldType {
        FieldType::Object
    }
    fn pack(&self, writer: &mut PackWriter) {
        writer.write_length(self.len());
        for (name, value) in self {
            name.pack(writer);
            value.pack(writer);
        }
    }
}
