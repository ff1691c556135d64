//! JSON values as trees. Their depth is limited by the parser that made them.

use automoderate::Extra;
use serde_json::Value;

use super::{Pack, Type, Writer};

impl Pack for Value {
    fn ty() -> Type {
        Type::Json
    }
    fn pack(&self, writer: &mut Writer) {
        match self {
            Self::Null => writer.byte(0),
            Self::Bool(flag) => writer.byte(1 + u8::from(*flag)),
            Self::Number(number) => match number.as_i64() {
                Some(whole) => {
                    writer.byte(3);
                    writer.count(whole as u64);
                }
                None => {
                    writer.byte(4);
                    writer.number(number.as_f64().unwrap_or(f64::NAN));
                }
            },
            Self::String(text) => {
                writer.byte(5);
                writer.data(text.as_bytes());
            }
            Self::Array(all) => {
                writer.byte(6);
                all.pack(writer);
            }
            Self::Object(members) => {
                writer.byte(7);
                members.pack(writer);
            }
        }
    }
}

impl Pack for Extra {
    fn ty() -> Type {
        Type::Object
    }
    fn pack(&self, writer: &mut Writer) {
        writer.len(self.len());
        for (name, value) in self {
            name.pack(writer);
            value.pack(writer);
        }
    }
}
