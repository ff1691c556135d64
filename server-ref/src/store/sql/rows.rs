//! Contents, results and events: inserted for a whole group at once.

use sqlx::QueryBuilder;

use super::text::Text;
use super::{Tx, on};
use crate::Error;
use crate::store::{Change, LoggedEvent};
use crate::time::Micros;

/// The most rows of one INSERT. Groups are cut into powers of two, so that few statements are ever prepared.
const ROWS: usize = 64;

pub(super) async fn insert_contents(tx: &mut Tx<'_>, changes: &[Change]) -> Result<(), Error> {
    const QUERY: &str =
        "INSERT INTO contents (project_id, id, content_type, content_data, meta_data, status, created_at, updated_at) ";
    let rows: Vec<_> = changes.iter().filter_map(|change| change.content().map(|content| (change, content))).collect();
    for rows in pieces(&rows) {
        on!(&mut *tx, db => {
            let mut query = QueryBuilder::new(QUERY);
            query.push_values(rows, |mut row, (change, content)| {
                row.push_bind(change.project_id.to_string())
                    .push_bind(content.id.clone())
                    .push_bind(content.content_type.clone())
                    .push_bind(Text(content.content_data.clone()))
                    .push_bind(content.meta_data.clone())
                    .push_bind(content.status.as_str())
                    .push_bind(change.at)
                    .push_bind(change.at);
            });
            query.build().execute(db).await?;
        });
    }
    Ok(())
}

pub(super) async fn insert_results(tx: &mut Tx<'_>, changes: &[Change]) -> Result<(), Error> {
    const QUERY: &str = "INSERT INTO moderation_results (content_id, position, result) ";
    let rows: Vec<_> = changes
        .iter()
        .filter_map(Change::content)
        .flat_map(|content| (0i64..).zip(&content.results).map(move |row| (content, row)))
        .collect();
    for rows in pieces(&rows) {
        on!(&mut *tx, db => {
            let mut query = QueryBuilder::new(QUERY);
            query.push_values(rows, |mut row, (content, (position, result))| {
                row.push_bind(content.id.clone()).push_bind(*position).push_bind((*result).clone());
            });
            query.build().execute(db).await?;
        });
    }
    Ok(())
}

pub(super) async fn insert_events(tx: &mut Tx<'_>, events: &[(LoggedEvent, Micros)]) -> Result<(), Error> {
    const QUERY: &str = "INSERT INTO events (project_id, event_id, name, data, created_at) ";
    for rows in pieces(events) {
        on!(&mut *tx, db => {
            let mut query = QueryBuilder::new(QUERY);
            query.push_values(rows, |mut row, (event, at)| {
                row.push_bind(event.project_id.to_string())
                    .push_bind(event.event_id)
                    .push_bind(event.name)
                    .push_bind(event.data.get().to_owned())
                    .push_bind(*at);
            });
            query.build().execute(db).await?;
        });
    }
    Ok(())
}

/// `rows` in pieces of 64, 32, 16, … rows.
pub(super) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = (1 << rows.len().checked_ilog2()?).min(ROWS);
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_powers_of_two_and_lose_nothing() {
        let rows: Vec<u32> = (0..203).collect();
        let sizes: Vec<usize> = pieces(&rows).map(<[u32]>::len).collect();
        assert_eq!(sizes, [64, 64, 64, 8, 2, 1]);
        assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(pieces::<u32>(&[]).count(), 0);
    }
}
