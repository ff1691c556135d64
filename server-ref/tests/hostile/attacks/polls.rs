//! Engine.IO over long polls.

use std::io;

use crate::attacker::Attacker;
use crate::line::{Line, request};

const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";

/// Opens a session, and returns its path.
async fn open(attacker: &Attacker, line: &mut Line) -> io::Result<String> {
    let opened = attacker.ask(line, &request("GET", HANDSHAKE, "", "")).await?;
    let sid = opened.body.split("\"sid\":\"").nth(1).and_then(|rest| rest.split('"').next());
    Ok(format!("{HANDSHAKE}&sid={}", sid.ok_or(io::ErrorKind::ConnectionRefused)?))
}

/// Sessions that are opened and left, from all addresses.
pub(super) async fn half_open(attacker: &Attacker) {
    attacker
        .many(250, async |number| {
            let mut line = attacker.connect(number).await?;
            loop {
                attacker.ask(&mut line, &request("GET", HANDSHAKE, "", "")).await?;
            }
        })
        .await;
}

/// Sessions with an id that is none, which must count like any other.
pub(super) async fn empty_sids(attacker: &Attacker) {
    let queries = ["&sid", "&sid=", "&%73id=x", "&sid=none", "&sid=x&sid"];
    attacker
        .many(50, async |number| {
            let mut line = attacker.connect(number).await?;
            for query in queries.iter().cycle() {
                attacker.ask(&mut line, &request("GET", &format!("{HANDSHAKE}{query}"), "", "")).await?;
            }
            Ok(())
        })
        .await;
}

/// Posts of a megabyte of the smallest packets.
pub(super) async fn packed(attacker: &Attacker) {
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
        .many(40, async |number| {
            let mut line = attacker.connect(number).await?;
            let path = open(attacker, &mut line).await?;
            attacker
                .ask(&mut line, &request("POST", &path, "", &format!("40{{\"api_key\":\"{}\"}}", attacker.target.key)))
                .await?;
            let payload = payloads[number % payloads.len()].trim_end_matches('\u{1e}');
            for _ in 0..4 {
                attacker.ask(&mut line, &request("POST", &path, "", payload)).await?;
            }
            Ok(())
        })
        .await;
}
