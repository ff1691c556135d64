//! Insertion of the items, results and events of a whole group of changes at once.
//!
//! On SQLite, an INSERT lists its rows as values. No network round trip is needed, but a separate statement must be prepared
//! for each number of rows. On PostgreSQL, an INSERT receives each column as an array, so one statement and one round trip
//! insert any number of rows.

use sqlx::{PgConnection, QueryBuilder, Sqlite, SqliteConnection};

use super::Tx;
use crate::Error;
use crate::store::{LoggedEvent, NewContent, ProjectChange};
use crate::time::Micros;

/// Maximum number of rows that one statement lists as values. Rows are split into chunks whose lengths are powers of two, so that only a
/// few different statements are prepared.
const ROWS_PER_INSERT_MAX: usize = 64;

/// An item, the position of a result among the item's results, and the result as JSON text.
type ResultRow<'a> = (&'a NewContent, i64, &'a String);

pub(super) async fn insert_rows(
    tx: &mut Tx<'_>,
    changes: &[&ProjectChange],
    events: &[(LoggedEvent, Micros)],
) -> Result<(), Error> {
    let contents: Vec<_> = changes.iter().filter_map(|change| Some((*change, change.new_content()?))).collect();
    let results: Vec<ResultRow<'_>> = contents
        .iter()
        .flat_map(|(_, content)| {
            (0i64..).zip(&content.moderation_results).map(move |(position, row)| (*content, position, row))
        })
        .collect();
    match tx {
        Tx::Sqlite(tx) => insert_into_sqlite(tx, &contents, &results, events).await?,
        Tx::Postgres(tx) => insert_into_postgres(tx, &contents, &results, events).await?,
    }
    Ok(())
}

async fn insert_into_sqlite(
    tx: &mut SqliteConnection,
    contents: &[(&ProjectChange, &NewContent)],
    results: &[ResultRow<'_>],
    events: &[(LoggedEvent, Micros)],
) -> sqlx::Result<()> {
    const INSERT_ITEMS: &str =
        "INSERT INTO contents (project_id, id, content_type, content_data, meta_data, author, rule_id, status,
                                                  created_at, updated_at) ";
    const INSERT_RESULTS: &str = "INSERT INTO moderation_results (content_id, position, result) ";
    const INSERT_EVENTS: &str = "INSERT INTO events (project_id, event_id, name, data, created_at) ";
    for contents in power_of_two_chunks(contents) {
        let mut query = QueryBuilder::<Sqlite>::new(INSERT_ITEMS);
        query.push_values(contents, |mut row, (change, content)| {
            row.push_bind(change.project_id.to_string())
                .push_bind(content.id.clone())
                .push_bind(content.content_type.clone())
                .push_bind(content.content_data.clone())
                .push_bind(content.meta_data.clone())
                .push_bind(content.author_id.as_deref().map(str::to_owned))
                .push_bind(content.rule_id.clone())
                .push_bind(content.status.as_str())
                .push_bind(change.at)
                .push_bind(change.at);
        });
        query.build().execute(&mut *tx).await?;
    }
    for results in power_of_two_chunks(results) {
        let mut query = QueryBuilder::<Sqlite>::new(INSERT_RESULTS);
        query.push_values(results, |mut row, (content, position, result)| {
            row.push_bind(content.id.clone()).push_bind(*position).push_bind((*result).clone());
        });
        query.build().execute(&mut *tx).await?;
    }
    for events in power_of_two_chunks(events) {
        let mut query = QueryBuilder::<Sqlite>::new(INSERT_EVENTS);
        query.push_values(events, |mut row, (event, at)| {
            row.push_bind(event.project_id.to_string())
                .push_bind(event.event_id)
                .push_bind(event.name)
                .push_bind(event.data.get().to_owned())
                .push_bind(*at);
        });
        query.build().execute(&mut *tx).await?;
    }
    Ok(())
}

async fn insert_into_postgres(
    tx: &mut PgConnection,
    contents: &[(&ProjectChange, &NewContent)],
    results: &[ResultRow<'_>],
    events: &[(LoggedEvent, Micros)],
) -> sqlx::Result<()> {
    const INSERT_ITEMS: &str =
        "INSERT INTO contents (project_id, id, content_type, content_data, meta_data, author, rule_id, status, created_at, updated_at)
         SELECT *, created_at FROM UNNEST($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[],
                                          $8::text[], $9::bigint[])
             AS new (project_id, id, content_type, content_data, meta_data, author, rule_id, status, created_at)";
    const INSERT_RESULTS: &str = "INSERT INTO moderation_results (content_id, position, result)
                           SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::text[])";
    const INSERT_EVENTS: &str = "INSERT INTO events (project_id, event_id, name, data, created_at)
                          SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])";
    if !contents.is_empty() {
        let column = |value: fn(&NewContent) -> &str| contents.iter().map(|(_, c)| value(c)).collect::<Vec<_>>();
        sqlx::query(INSERT_ITEMS)
            .bind(contents.iter().map(|(change, _)| &*change.project_id).collect::<Vec<_>>())
            .bind(column(|content| &content.id))
            .bind(column(|content| &content.content_type))
            .bind(contents.iter().map(|(_, content)| content.content_data.as_bytes()).collect::<Vec<_>>())
            .bind(contents.iter().map(|(_, content)| content.meta_data.as_deref()).collect::<Vec<_>>())
            .bind(contents.iter().map(|(_, content)| content.author_id.as_deref()).collect::<Vec<_>>())
            .bind(contents.iter().map(|(_, content)| content.rule_id.as_deref()).collect::<Vec<_>>())
            .bind(column(|content| content.status.as_str()))
            .bind(contents.iter().map(|(change, _)| change.at).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await?;
    }
    if !results.is_empty() {
        sqlx::query(INSERT_RESULTS)
            .bind(results.iter().map(|(content, ..)| content.id.as_str()).collect::<Vec<_>>())
            .bind(results.iter().map(|&(_, position, _)| position).collect::<Vec<_>>())
            .bind(results.iter().map(|(.., result)| result.as_str()).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await?;
    }
    if !events.is_empty() {
        sqlx::query(INSERT_EVENTS)
            .bind(events.iter().map(|(event, _)| &*event.project_id).collect::<Vec<_>>())
            .bind(events.iter().map(|(event, _)| event.event_id).collect::<Vec<_>>())
            .bind(events.iter().map(|(event, _)| event.name).collect::<Vec<_>>())
            .bind(events.iter().map(|(event, _)| event.data.get()).collect::<Vec<_>>())
            .bind(events.iter().map(|&(_, at)| at).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Splits rows into chunks of [`ROWS_PER_INSERT_MAX`] rows, and the rest into chunks whose lengths are smaller powers of two.
pub(super) fn power_of_two_chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = (1 << rows.len().checked_ilog2()?).min(ROWS_PER_INSERT_MAX);
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_lengths_are_powers_of_two_and_no_row_is_lost() {
        let rows: Vec<u32> = (0..203).collect();
        let sizes: Vec<usize> = power_of_two_chunks(&rows).map(<[u32]>::len).collect();
        assert_eq!(sizes, [64, 64, 64, 8, 2, 1]);
        assert_eq!(power_of_two_chunks(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(power_of_two_chunks::<u32>(&[]).count(), 0);
    }
}
