//! Text that may contain U+0000, which PostgreSQL's TEXT can't: there it is stored as bytes.

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Postgres, Sqlite, Type};

use crate::Error;

/// Refuses text that only one of the databases could store, before either is asked.
pub(super) fn check(field: &'static str, text: &str) -> Result<(), Error> {
    if text.contains('\0') { Err(Error::Text(field)) } else { Ok(()) }
}

#[derive(Debug, Clone)]
pub(super) struct Text(pub(super) String);

impl Type<Sqlite> for Text {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <String as Type<Sqlite>>::compatible(ty)
    }
}

impl Decode<'_, Sqlite> for Text {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        <String as Decode<Sqlite>>::decode(value).map(Self)
    }
}

impl Type<Postgres> for Text {
    fn type_info() -> PgTypeInfo {
        <Vec<u8> as Type<Postgres>>::type_info()
    }
}

impl Decode<'_, Postgres> for Text {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let bytes = <Vec<u8> as Decode<Postgres>>::decode(value)?;
        Ok(Self(String::from_utf8(bytes)?))
    }
}
