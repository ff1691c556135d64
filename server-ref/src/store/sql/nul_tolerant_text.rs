//! Strings that may contain U+0000, which PostgreSQL can't store as text.

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Postgres, Sqlite, Type};

use crate::Error;

/// Rejects text that contains U+0000. SQLite could store it, but both kinds of database must accept the same text.
pub(super) fn reject_nul(field: &'static str, text: &str) -> Result<(), Error> {
    if text.contains('\0') { Err(Error::NulCharacter(field)) } else { Ok(()) }
}

/// A string that may contain U+0000. SQLite stores the string as text, and PostgreSQL stores it as bytes.
#[derive(Debug, Clone)]
pub(super) struct NulTolerantText(pub(super) String);

impl Type<Sqlite> for NulTolerantText {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <String as Type<Sqlite>>::compatible(ty)
    }
}

impl Decode<'_, Sqlite> for NulTolerantText {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        <String as Decode<Sqlite>>::decode(value).map(Self)
    }
}

impl Type<Postgres> for NulTolerantText {
    fn type_info() -> PgTypeInfo {
        <Vec<u8> as Type<Postgres>>::type_info()
    }
}

impl Decode<'_, Postgres> for NulTolerantText {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let bytes = <Vec<u8> as Decode<Postgres>>::decode(value)?;
        Ok(Self(String::from_utf8(bytes)?))
    }
}
