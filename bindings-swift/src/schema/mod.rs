//! The types of the bindings, and their packing.
//!
//! Both come from the same lists in `shapes`: a packed field is in the schema, in the same position.

mod events;
mod json;
mod scalars;
mod shapes;
mod writer;

pub(crate) use writer::Writer;

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Text.
    Text,
    /// Text that many events of a batch share.
    Shared,
    /// A number that is not negative.
    Count,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// Bytes.
    Data,
    /// An instant.
    Date,
    /// A timestamp, if readable, and its original text.
    Timestamp,
    /// A tree of JSON values.
    Json,
    /// The text of a JSON value.
    RawJson,
    /// The members of a JSON object.
    Object,
    /// One of [`Schema::words`].
    Words(&'static str),
    /// One of [`Schema::shapes`].
    Shape(&'static str),
    /// Something or nothing.
    Optional(Box<Type>),
    /// Any number of values.
    List(Box<Type>),
}

/// A field of a shape.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name, in snake case.
    pub name: &'static str,
    /// Its meaning.
    pub docs: &'static [&'static str],
    /// Its type.
    pub ty: Type,
}

/// A struct.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Its name.
    pub name: &'static str,
    /// Its meaning.
    pub docs: &'static [&'static str],
    /// Its fields in the order of packing.
    pub fields: Vec<Field>,
}

/// An enum of words, which servers may extend.
#[derive(Debug, Clone)]
pub struct Words {
    /// Its name.
    pub name: &'static str,
    /// Its meaning.
    pub docs: &'static [&'static str],
    /// The known words, each with its name and meaning, in the order of their numbers.
    pub known: Vec<(String, &'static str, &'static [&'static str])>,
}

/// All packed types.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The structs.
    pub shapes: Vec<Shape>,
    /// The enums.
    pub words: Vec<Words>,
    /// The shapes that are events, each with the name of its kind, in the order of their numbers.
    pub events: &'static [(&'static str, &'static str)],
}

/// The schema of this version.
#[must_use]
pub fn schema() -> Schema {
    Schema { shapes: shapes::shapes(), words: shapes::words(), events: &events::KINDS }
}

impl Schema {
    /// A number that changes with the meaning of the bytes.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let fields = self.shapes.iter().flat_map(|shape| shape.fields.iter().map(|f| (shape.name, f.name, &f.ty)));
        let words = self.words.iter().flat_map(|words| words.known.iter().map(|word| (words.name, &word.0)));
        let text = format!("{:?} {:?} {:?}", fields.collect::<Vec<_>>(), words.collect::<Vec<_>>(), self.events);
        // FNV-1a: the same in every build.
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }
}

/// A type that can be packed.
pub(crate) trait Pack {
    /// Its type.
    fn ty() -> Type;
    /// Appends it.
    fn pack(&self, writer: &mut Writer);
}

/// The type of a field with this reader.
fn type_of<S, T: Pack>(_: fn(&S) -> &T) -> Type {
    T::ty()
}
