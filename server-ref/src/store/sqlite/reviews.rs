//! Decisions that replace earlier ones; they are written by `commit`, together with their event.

use sqlx::SqliteConnection;

use crate::Error;
use crate::store::{Review, Status};
use crate::time::Micros;

/// What was decided about a content last, and when.
pub(super) async fn decision(
    tx: &mut SqliteConnection,
    project_id: &str,
    content_id: &str,
) -> Result<Option<(Status, Micros)>, Error> {
    let row: Option<(String, Micros)> =
        sqlx::query_as("SELECT status, updated_at FROM contents WHERE project_id = ? AND id = ?")
            .bind(project_id)
            .bind(content_id)
            .fetch_optional(tx)
            .await?;
    Ok(row.map(|(status, at)| (Status::parse(&status).unwrap_or(Status::Pending), at)))
}

pub(super) async fn decide(
    tx: &mut SqliteConnection,
    project_id: &str,
    review: &Review,
    at: Micros,
) -> Result<(), Error> {
    sqlx::query("UPDATE contents SET status = ?, updated_at = ? WHERE project_id = ? AND id = ?")
        .bind(review.status.as_str())
        .bind(at)
        .bind(project_id)
        .bind(&review.content_id)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO moderation_results (content_id, position, result)
         SELECT ?1, COALESCE(MAX(position), -1) + 1, ?2 FROM moderation_results WHERE content_id = ?1",
    )
    .bind(&review.content_id)
    .bind(&review.result)
    .execute(tx)
    .await?;
    Ok(())
}
