//! The transaction that makes a group of changes true and gives its events their ids.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::{Connection as _, QueryBuilder, Sqlite, SqliteConnection};

use super::ledger::{load, save};
use super::{SqliteStore, notifications, reviews, rules};
use crate::Error;
use crate::store::{Batch, Change, Deed, LoggedEvent, Recent};
use crate::time::{Micros, rfc3339};

/// The most rows of one INSERT. Groups are cut into powers of two, so that few statements are ever prepared.
const ROWS: usize = 64;

impl SqliteStore {
    /// Makes all changes true or none. The events come back in the order of their ids, which is that of the changes.
    pub(crate) async fn commit(&self, changes: &[Change]) -> Result<Batch, Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut ledger = load(&mut tx, changes, self.inner.queue_limit).await?;
        let mut events = Vec::with_capacity(changes.len());
        for change in changes {
            events.extend(ledger.apply(change)?.into_iter().map(|event| (event, change.at)));
        }
        insert_contents(&mut tx, changes).await?;
        insert_results(&mut tx, changes).await?;
        insert_events(&mut tx, &events).await?;
        for change in changes {
            carry_out(&mut tx, change).await?;
        }
        save(&mut tx, &ledger).await?;
        tx.commit().await?;
        let decided: HashSet<&Arc<str>> =
            changes.iter().filter(|change| change.decision().is_some()).map(|change| &change.project_id).collect();
        let statistics = decided.into_iter().filter_map(|id| Some((id.clone(), ledger.projects.get(id)?.counts)));
        let recent = changes.iter().filter_map(|change| {
            let (content_id, decision) = change.decision()?;
            let recent = Recent { content_id: content_id.to_owned(), decision, timestamp: rfc3339(change.at) };
            Some((change.project_id.clone(), recent))
        });
        Ok(Batch {
            recent: recent.collect(),
            statistics: statistics.collect(),
            events: events.into_iter().map(|(event, _)| event).collect(),
        })
    }
}

/// What a change does beside contents and events, which are written for the whole group at once.
async fn carry_out(tx: &mut SqliteConnection, change: &Change) -> Result<(), Error> {
    let project_id = &*change.project_id;
    match &change.deed {
        Deed::Nothing | Deed::Moderated(_) => Ok(()),
        Deed::Reviewed(review) => reviews::decide(tx, project_id, review, change.at).await,
        Deed::RuleCreated(rule) => rules::insert(tx, project_id, rule).await,
        Deed::RuleUpdated(rule) => rules::update(tx, project_id, rule).await,
        Deed::RuleDeleted(id) => rules::delete(tx, project_id, id).await,
        Deed::Notified(notification) => notifications::insert(tx, notification).await,
    }
}

async fn insert_contents(tx: &mut SqliteConnection, changes: &[Change]) -> Result<(), Error> {
    let rows: Vec<_> = changes.iter().filter_map(|change| change.content().map(|content| (change, content))).collect();
    for rows in pieces(&rows) {
        QueryBuilder::<Sqlite>::new(
            "INSERT INTO contents (project_id, id, content_type, content_data, meta_data, status, created_at, updated_at) ",
        )
        .push_values(rows, |mut row, (change, content)| {
            row.push_bind(change.project_id.to_string())
                .push_bind(content.id.clone())
                .push_bind(content.content_type.clone())
                .push_bind(content.content_data.clone())
                .push_bind(content.meta_data.clone())
                .push_bind(content.status.as_str())
                .push_bind(change.at)
                .push_bind(change.at);
        })
        .build()
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn insert_results(tx: &mut SqliteConnection, changes: &[Change]) -> Result<(), Error> {
    let rows: Vec<_> = changes
        .iter()
        .filter_map(Change::content)
        .flat_map(|content| (0i64..).zip(&content.results).map(move |row| (content, row)))
        .collect();
    for rows in pieces(&rows) {
        QueryBuilder::<Sqlite>::new("INSERT INTO moderation_results (content_id, position, result) ")
            .push_values(rows, |mut row, (content, (position, result))| {
                row.push_bind(content.id.clone()).push_bind(*position).push_bind((*result).clone());
            })
            .build()
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

async fn insert_events(tx: &mut SqliteConnection, events: &[(LoggedEvent, Micros)]) -> Result<(), Error> {
    for rows in pieces(events) {
        QueryBuilder::<Sqlite>::new("INSERT INTO events (project_id, event_id, name, data, created_at) ")
            .push_values(rows, |mut row, (event, at)| {
                row.push_bind(event.project_id.to_string())
                    .push_bind(event.event_id)
                    .push_bind(event.name)
                    .push_bind(event.data.get().to_owned())
                    .push_bind(*at);
            })
            .build()
            .execute(&mut *tx)
            .await?;
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
