//! Batches of submissions, and streams that continue from a snapshot.

use std::collections::BTreeSet;

use automoderate::{Batch, Submission};

use crate::fixtures::{
    UNLIMITED_ARGUMENTS, client_builder, demo_api_key, demo_project_id, next_update, start_demo_server,
};
use crate::program::ServerProgram;

#[tokio::test]
async fn batch_returns_one_result_per_submission_in_order() {
    let server = start_demo_server().await;
    let client = client_builder(server.base_url()).api_key(demo_api_key(&server)).build().unwrap();
    let submissions = vec![Submission::text("a kind remark"), Submission::text(""), Submission::text("another remark")];
    let results = client.moderate_batch(submissions).await.unwrap();
    assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let error = results[1].as_ref().unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("api", false));
    let stored = client.content(&results[2].as_ref().unwrap().content_id).await.unwrap();
    assert_eq!(stored.content_data, "another remark");
}

#[tokio::test]
async fn batch_of_many_requests_is_stored_once_even_if_it_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(folder.path(), &UNLIMITED_ARGUMENTS).await;
    let client = client_builder(server.base_url()).api_key(server.api_key()).build().unwrap();
    let batch: Batch = (0..250).map(|number| format!("text {number}")).collect();
    let batch = batch.idempotency_key("import-7");
    let first = client.moderate_batch(batch.clone()).await.unwrap();
    let second = client.moderate_batch(batch).await.unwrap();
    let ids = |results: &[Result<automoderate::Moderation, automoderate::Error>]| {
        results.iter().map(|result| result.as_ref().unwrap().content_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), ids(&second));
    assert_eq!(ids(&first).into_iter().collect::<BTreeSet<_>>().len(), 250);
    assert_eq!(client.statistics().await.unwrap().total_content, 250);
}

#[tokio::test]
async fn stream_continues_a_snapshot_without_gap_or_repetition() {
    let server = start_demo_server().await;
    let client = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let project = client.join(demo_project_id(&server)).await.unwrap();
    let before = project.snapshot().await.unwrap();
    let earlier = client.moderate("free money").await.unwrap();
    let snapshot = project.snapshot().await.unwrap();
    assert_eq!(snapshot.stats.total_content, before.stats.total_content + 1);
    assert!(snapshot.cursor.event_id() > before.cursor.event_id());
    assert!(!snapshot.rules.is_empty());
    assert_eq!(snapshot.review.total as usize, snapshot.review.items.len());
    if earlier.status == automoderate::Status::Flagged {
        assert_eq!(snapshot.review.items[0].id, earlier.content_id);
    }
    let later = client.moderate("a kind remark").await.unwrap().content_id;
    let follower = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let resumed = follower.join_after(demo_project_id(&server), snapshot.cursor).await.unwrap();
    let update = next_update(&mut resumed.events()).await;
    assert_eq!(update.content_id, later, "the first event is the first one after the snapshot");
    assert_eq!(follower.metrics().gaps, 0);
}
