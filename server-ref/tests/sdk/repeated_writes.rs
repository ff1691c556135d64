//! Each submission is stored exactly once, whatever happens to the connection and the server.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt as _, stream};
use tokio::time::sleep;

use crate::fixtures::{UNLIMITED_ARGUMENTS, client_builder};
use crate::program::ServerProgram;
use crate::relay::Relay;

const SUBMISSIONS: usize = 600;
const CUTS: u64 = 7;

#[tokio::test]
async fn submissions_are_stored_once_despite_cuts_and_a_killed_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = ServerProgram::start(folder.path(), &UNLIMITED_ARGUMENTS).await;
    let relay = Relay::start(program.address()).await;
    let writer = client_builder(relay.url()).api_key(program.api_key()).build().unwrap();
    // After its first submission, the client knows that the server supports idempotency keys.
    let first = writer.moderate("the first text").await.unwrap().content_id;
    let submissions = stream::iter(0..SUBMISSIONS).map(|number| {
        let writer = &writer;
        async move {
            // This delay spreads the submissions over the time during which faults occur.
            sleep(Duration::from_millis(5)).await;
            writer.moderate(format!("text {number}")).await.map(|decided| decided.content_id)
        }
    });
    let submit = submissions.buffer_unordered(8).collect::<Vec<_>>();
    let interfere = async {
        for cut in 1..=CUTS {
            sleep(Duration::from_millis(60)).await;
            relay.cut();
            sleep(Duration::from_millis(20 * cut)).await;
            relay.restore();
        }
        sleep(Duration::from_millis(60)).await;
        program.kill().await;
        program = ServerProgram::start(folder.path(), &UNLIMITED_ARGUMENTS).await;
        relay.set_target(program.address());
    };
    let (outcomes, ()) = tokio::join!(submit, interfere);
    let mut ids: BTreeSet<_> = outcomes.into_iter().map(|outcome| outcome.unwrap()).collect();
    ids.insert(first);
    assert_eq!(ids.len(), SUBMISSIONS + 1);
    assert_eq!(writer.statistics().await.unwrap().total_content, ids.len() as u64);
}
