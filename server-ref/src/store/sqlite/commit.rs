//! The transaction that makes a group of changes true and gives its events their ids.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use sqlx::{Connection as _, QueryBuilder, Sqlite, SqliteConnection};

use super::SqliteStore;
use crate::Error;
use crate::store::{Batch, Change, Counts, LoggedEvent, Recent, StoredRule};
use crate::time::{Micros, rfc3339};

/// The most rows of one INSERT. Groups are cut into powers of two, so that few statements are ever prepared.
const ROWS: usize = 64;

impl SqliteStore {
    /// Makes all changes true or none. The events come back in the order of their ids, which is that of the changes.
    pub(crate) async fn commit(&self, changes: &[Change]) -> Result<Batch, Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let (mut next, statistics) = take_ids(&mut tx, changes).await?;
        let events = number(changes, &mut next)?;
        insert_contents(&mut tx, changes).await?;
        insert_results(&mut tx, changes).await?;
        insert_events(&mut tx, &events).await?;
        for change in changes {
            if let Some(rule) = &change.rule {
                upsert_rule(&mut tx, &change.project_id, rule, change.at).await?;
            }
        }
        tx.commit().await?;
        let recent = changes.iter().filter_map(|change| {
            let content = change.content.as_ref()?;
            let recent =
                Recent { content_id: content.id.clone(), decision: content.status, timestamp: rfc3339(change.at) };
            Some((change.project_id.clone(), recent))
        });
        Ok(Batch { recent: recent.collect(), events: events.into_iter().map(|(event, _)| event).collect(), statistics })
    }
}

type NextIds = HashMap<Arc<str>, i64>;

/// Counts up each project's row once, whatever the number of its changes, and returns the first new id of each.
async fn take_ids(tx: &mut SqliteConnection, changes: &[Change]) -> Result<(NextIds, Vec<(Arc<str>, Counts)>), Error> {
    let mut wanted: HashMap<&Arc<str>, (i64, Counts)> = HashMap::new();
    for change in changes {
        let (events, counts) = wanted.entry(&change.project_id).or_default();
        *events += i64::from(change.event.is_some());
        if let Some(content) = &change.content {
            counts.add(content.status);
        }
    }
    let mut next = NextIds::with_capacity(wanted.len());
    let mut statistics = Vec::new();
    for (project_id, (events, counts)) in wanted {
        let row: (i64, i64, i64, i64, i64) = sqlx::query_as(
            "UPDATE projects SET event_head = event_head + ?, approved = approved + ?, rejected = rejected + ?,
                 flagged = flagged + ?, pending = pending + ?
             WHERE id = ? RETURNING event_head, approved, rejected, flagged, pending",
        )
        .bind(events)
        .bind(counts.approved)
        .bind(counts.rejected)
        .bind(counts.flagged)
        .bind(counts.pending)
        .bind(&**project_id)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(Error::NotFound("project"))?;
        next.insert(project_id.clone(), row.0 - events + 1);
        if counts.total() > 0 {
            let counts = Counts { approved: row.1, rejected: row.2, flagged: row.3, pending: row.4 };
            statistics.push((project_id.clone(), counts));
        }
    }
    Ok((next, statistics))
}

fn number(changes: &[Change], next: &mut NextIds) -> Result<Vec<(LoggedEvent, Micros)>, Error> {
    let mut events = Vec::with_capacity(changes.len());
    for change in changes {
        let (Some(draft), Some(id)) = (&change.event, next.get_mut(&change.project_id)) else {
            continue;
        };
        let data = with_event_id(&draft.payload, *id)?;
        let event =
            LoggedEvent { project_id: change.project_id.clone(), event_id: *id, name: draft.name, data: data.into() };
        events.push((event, change.at));
        *id += 1;
    }
    Ok(events)
}

/// Adds the id to an object that was serialised before it was known.
fn with_event_id(object: &str, id: i64) -> Result<Box<RawValue>, Error> {
    let open =
        object.strip_suffix('}').ok_or_else(|| Error::Internal("an event's payload must be an object".into()))?;
    let comma = if open.ends_with('{') { "" } else { "," };
    RawValue::from_string(format!("{open}{comma}\"event_id\":{id}}}"))
        .map_err(|error| Error::Internal(error.to_string()))
}

async fn insert_contents(tx: &mut SqliteConnection, changes: &[Change]) -> Result<(), Error> {
    let rows: Vec<_> =
        changes.iter().filter_map(|change| change.content.as_ref().map(|content| (change, content))).collect();
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
        .filter_map(|change| change.content.as_ref())
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

async fn upsert_rule(tx: &mut SqliteConnection, project_id: &str, rule: &StoredRule, at: Micros) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO rules (id, project_id, name, type, data, action, priority, is_active, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?9, ?9)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, type = excluded.type, data = excluded.data,
             action = excluded.action, priority = excluded.priority, is_active = excluded.is_active,
             updated_at = excluded.updated_at",
    )
    .bind(&rule.id)
    .bind(project_id)
    .bind(&rule.name)
    .bind(&rule.kind)
    .bind(&rule.data)
    .bind(&rule.action)
    .bind(rule.priority)
    .bind(rule.is_active)
    .bind(at)
    .execute(tx)
    .await?;
    Ok(())
}

/// `rows` in pieces of 64, 32, 16, … rows.
fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
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

    #[test]
    fn the_id_joins_the_object() {
        assert_eq!(with_event_id("{}", 7).unwrap().get(), r#"{"event_id":7}"#);
        assert_eq!(with_event_id(r#"{"a":1}"#, 8).unwrap().get(), r#"{"a":1,"event_id":8}"#);
        assert!(with_event_id("[]", 9).is_err());
    }
}
