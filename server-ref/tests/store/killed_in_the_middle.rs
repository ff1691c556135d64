//! `kill -9` of the server, repeatedly, while many items arrive.

use crate::books::Access;
use crate::load::Load;
use crate::program::Program;

const CONTENTS: usize = 20_000;
const CONNECTIONS: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--demo", "--max-connections-per-ip", "0", "--max-events-per-minute", "0"];
    let mut program = Program::start(folder.path(), &arguments).await;
    let key = program.api_key();
    let load = Load::start(&program.base_url(), &key, CONTENTS, CONNECTIONS);
    for kill in 1..=3 {
        load.reaches(kill * CONTENTS / 4).await;
        program.signal("KILL");
        let before = load.acknowledged();
        assert_eq!(program.exit_code().await, None);
        assert!(before < CONTENTS, "too late to be in the middle");
        program = Program::start(folder.path(), &arguments).await;
        load.moved(&program.base_url());
    }
    let tally = load.finish().await;
    assert_eq!(tally.ids.len(), CONTENTS);
    let access = Access { base_url: program.base_url(), key, project_id: program.project_id() };
    // Requests without an answer that were carried out are recognized by their keys when they are repeated.
    assert_eq!(access.balance(&tally).await, CONTENTS);
    eprintln!("lost 0, twice 0, of {CONTENTS}; {} requests without an answer", tally.unanswered);
}
