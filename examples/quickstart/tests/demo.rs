//! Test of the demo, which succeeds only if the cut took effect and no decision was lost, repeated or out of order.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::process::Command;

#[test]
fn the_demo_loses_and_repeats_no_event() {
    let output = Command::new(env!("CARGO_BIN_EXE_quickstart")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.lines().last(), Some("lost 0, twice 0, of 32"), "{text}");
    for word in ["connected", "reconnecting", "moderation_update", "stats_update", "↺"] {
        assert!(text.contains(word), "no {word}: {text}");
    }
}
