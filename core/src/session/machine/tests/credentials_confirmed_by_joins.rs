//! Servers that never send `connected`. Only a join shows that such a server accepts the credentials.

use std::time::Duration;

use super::{
    joins_and_leaves::accept_join,
    rig::{Rig, quick_reconnect_config},
};

/// Completes the handshake as a server that does not send `connected`.
fn complete_handshake_without_connected(rig: &mut Rig) {
    rig.complete_dial();
    rig.receive(r#"0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#);
    rig.receive(r#"40{"sid":"s"}"#);
}

/// Cuts the current connection, then nine new ones, each right after the namespace is acknowledged. Returns `true` if
/// the client still reconnects.
fn reconnects_after_cuts(rig: &mut Rig) -> bool {
    for _ in 0..10 {
        rig.drop_connection();
        let has_next_attempt = |rig: &Rig| rig.is_closed() || rig.pending_attempt_id.is_some();
        for _ in 0..120 {
            if has_next_attempt(rig) {
                break;
            }
            rig.run_for(Duration::from_secs(1), |_| {});
        }
        assert!(has_next_attempt(rig), "the client does not reconnect within two minutes");
        complete_handshake_without_connected(rig);
    }
    !rig.is_closed()
}

#[test]
fn a_cut_after_the_acknowledgement_is_no_refusal_once_a_join_has_succeeded() {
    for joins in [true, false] {
        let mut rig = Rig::new(quick_reconnect_config(), 1);
        rig.connect();
        complete_handshake_without_connected(&mut rig);
        rig.run_for(Duration::from_secs(5), |_| {});
        assert_eq!(rig.state(), "connected");
        if joins {
            rig.sent_frames.clear();
            rig.join("a", None);
            accept_join(&mut rig, "a");
        }
        assert_eq!(reconnects_after_cuts(&mut rig), joins);
    }
}
