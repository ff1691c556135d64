//! Storage of reviews. The `commit` module writes each review together with its event.

use super::{Tx, with_conn};
use crate::Error;
use crate::store::{ContentReview, Status};
use crate::time::Micros;

/// Returns the latest decision about an item, with its time.
pub(super) async fn latest_decision(
    tx: &mut Tx<'_>,
    project_id: &str,
    content_id: &str,
) -> Result<Option<(Status, Micros)>, Error> {
    const SELECT_DECISION: &str = "SELECT status, updated_at FROM contents WHERE project_id = $1 AND id = $2";
    let row: Option<(String, Micros)> = with_conn!(tx, db => sqlx::query_as(SELECT_DECISION).bind(project_id).bind(content_id).fetch_optional(db).await?);
    Ok(row.map(|(status, at)| (Status::parse(&status).unwrap_or(Status::Pending), at)))
}

pub(super) async fn store_review(
    tx: &mut Tx<'_>,
    project_id: &str,
    review: &ContentReview,
    at: Micros,
) -> Result<(), Error> {
    const UPDATE_CONTENT: &str = "UPDATE contents SET status = $1, updated_at = $2 WHERE project_id = $3 AND id = $4";
    const INSERT_RESULT: &str = "INSERT INTO moderation_results (content_id, position, result)
         SELECT $1, COALESCE(MAX(position), -1) + 1, $2 FROM moderation_results WHERE content_id = $1";
    with_conn!(tx, db => {
        let query = sqlx::query(UPDATE_CONTENT).bind(review.status.as_str()).bind(at).bind(project_id);
        query.bind(&review.content_id).execute(&mut *db).await?;
        sqlx::query(INSERT_RESULT).bind(&review.content_id).bind(&review.moderation_result).execute(db).await?;
    });
    Ok(())
}
