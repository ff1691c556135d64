//! Types that are passed to the other language, and their packed format.
//!
//! Except for `Meta`, the schema and the packing code of structs are generated from the same lists in `shapes`, so the
//! order of fields is the same in the schema and in packed values.

mod events;
mod json;
mod open_enums;
mod scalars;
mod shapes;
mod writer;

pub(crate) use writer::PackWriter;

/// Type of a field in the packed format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Text,
    /// Text that is often the same in several events of a batch.
    Shared,
    /// Non-negative integer.
    Count,
    /// Signed integer.
    Integer,
    /// Floating-point number.
    Number,
    /// Boolean.
    Flag,
    /// Bytes.
    Data,
    /// Point in time.
    Date,
    /// Timestamp, as an optional instant and as the original text. An invalid timestamp has no instant.
    Timestamp,
    /// JSON value, as a tree.
    Json,
    /// JSON value, as text.
    RawJson,
    /// Members of a JSON object.
    Object,
    /// Open enum, by its name in [`Schema::open_enums`].
    OpenEnum(&'static str),
    /// Struct, by its name in [`Schema::shapes`].
    Shape(&'static str),
    /// Optional value.
    Optional(Box<FieldType>),
    /// List of values.
    List(Box<FieldType>),
}

/// Field of a shape.
#[derive(Debug, Clone)]
pub struct Field {
    /// Name of the field, in snake case.
    pub name: &'static str,
    /// Lines of the field's documentation.
    pub docs: &'static [&'static str],
    /// Type of the field.
    pub field_type: FieldType,
}

/// Struct that is passed to the other language.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Name of the struct.
    pub name: &'static str,
    /// Lines of the struct's documentation.
    pub docs: &'static [&'static str],
    /// Fields, in packing order.
    pub fields: Vec<Field>,
}

/// Enum of strings to which servers may add values.
#[derive(Debug, Clone)]
pub struct OpenEnum {
    /// Name of the enum.
    pub name: &'static str,
    /// Lines of the enum's documentation.
    pub docs: &'static [&'static str],
    /// Known values, each with its variant name and documentation, in the order of their packed numbers.
    pub known: Vec<(String, &'static str, &'static [&'static str])>,
}

/// Schema of all packed types.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Structs.
    pub shapes: Vec<Shape>,
    /// Open enums.
    pub open_enums: Vec<OpenEnum>,
    /// Shapes of events with the names of their kinds, in the order of their packed numbers.
    pub events: &'static [(&'static str, &'static str)],
}

/// Returns the schema of this version of the library.
#[must_use]
pub fn schema() -> Schema {
    Schema { shapes: shapes::shapes(), open_enums: open_enums::open_enums(), events: &events::KINDS }
}

impl Schema {
    /// Returns a hash of the names, types and order of all packed fields, enum values and kinds of events.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let fields =
            self.shapes.iter().flat_map(|shape| shape.fields.iter().map(|f| (shape.name, f.name, &f.field_type)));
        let words = self.open_enums.iter().flat_map(|words| words.known.iter().map(|word| (words.name, &word.0)));
        let text = format!("{:?} {:?} {:?}", fields.collect::<Vec<_>>(), words.collect::<Vec<_>>(), self.events);
        // FNV-1a hash, which is the same in every build.
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }
}

/// Type that can be packed.
pub(crate) trait Pack {
    /// Returns the type that fields of this Rust type have in the packed format.
    fn field_type() -> FieldType;
    /// Appends the value to the writer.
    fn pack(&self, writer: &mut PackWriter);
}

/// Returns the field type of the field that the accessor borrows.
fn field_type_of<S, T: Pack>(_: fn(&S) -> &T) -> FieldType {
    T::field_type()
}
