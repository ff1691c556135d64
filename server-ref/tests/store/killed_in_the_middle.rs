//! The server is repeatedly killed with SIGKILL while many items are submitted.

use crate::load::Load;
use crate::program::ServerProgram;
use crate::stored_data::Access;

const ITEM_COUNT: usize = 20_000;
const CONNECTIONS: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_item_is_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--demo", "--max-connections-per-ip", "0", "--max-events-per-minute", "0"];
    let mut program = ServerProgram::start(folder.path(), &arguments).await;
    let key = program.api_key();
    let load = Load::start(&program.base_url(), &key, ITEM_COUNT, CONNECTIONS);
    for kill in 1..=3 {
        load.wait_until_acknowledged(kill * ITEM_COUNT / 4).await;
        program.signal("KILL");
        let before = load.acknowledged();
        assert_eq!(program.exit_code().await, None);
        assert!(before < ITEM_COUNT, "the load ended before the server was killed");
        program = ServerProgram::start(folder.path(), &arguments).await;
        load.set_base_url(&program.base_url());
    }
    let tally = load.finish().await;
    assert_eq!(tally.ids.len(), ITEM_COUNT);
    let access = Access { base_url: program.base_url(), key, project_id: program.project_id() };
    // An item whose request was not answered is stored once, because each repetition has the same idempotency key.
    assert_eq!(access.check_consistency(&tally).await, ITEM_COUNT);
    eprintln!("lost 0, twice 0, of {ITEM_COUNT}; {} requests without an answer", tally.unanswered);
}
