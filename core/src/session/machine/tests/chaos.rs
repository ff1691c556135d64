//! Property test that applies random sequences of inputs. The rig checks the invariants: at most one join or leave in
//! flight, the budget, the limit on attempts, the order of states, one answer per command, no output after `closed`,
//! and no timer that fires forever.

use std::time::Duration;

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{property_config, rig::Rig};
use crate::{
    Backfill, Error, ErrorKind, OnServerDisconnect, ReconnectPolicy, Stage,
    session::{
        BackfillData, BackfillReply, Command, ConnectionFailure, CredentialsSource, Input, LoginStatus, SessionConfig,
    },
};

#[derive(Debug, Clone)]
enum ChaosOp {
    Connect,
    Join(u8, Option<u64>),
    Leave(u8),
    Emit(bool),
    NetworkChanged,
    Close,
    CompleteDial,
    FailDial(u8),
    LateDialReport(usize, bool),
    CompleteHandshake,
    DropConnection,
    Frame(String),
    AnswerOneRequest(u8),
    Binary(Vec<u8>),
    SignOfLife,
    AdvanceAtOnce(u64),
    RunFor(u64),
    BackfillReply(usize, bool),
}

fn any_frame() -> impl Strategy<Value = String> {
    let project = || select(vec!["a", "b", "c", "d", "never"]);
    let words = select(vec![
        "Authentication required",
        "Project a not found",
        "Access denied to project",
        "Server timeout - please try again",
        "Rate limit exceeded",
        "Room limit reached",
        "whatever",
        "",
    ]);
    let known = prop_oneof![
        3 => (0u64..60_000, 0u64..60_000).prop_map(|(interval, timeout)| format!(
            r#"0{{"sid":"e","pingInterval":{interval},"pingTimeout":{timeout}}}"#
        )),
        3 => Just(r#"40{"sid":"s"}"#.to_owned()),
        1 => Just("41".to_owned()),
        1 => select(vec!["1", "2", "2probe", "3", "5", "6", "", "9", "4", "49", "42[]", "42", "43[]", "40/admin,"])
            .prop_map(str::to_owned),
        3 => Just(r#"42["connected",{}]"#.to_owned()),
        1 => words.clone().prop_map(|words| format!(r#"44{{"message":"{words}"}}"#)),
        1 => words.clone().prop_map(|words| format!(r#"42["authentication_failed",{{"message":"{words}"}}]"#)),
        5 => (project(), option::of((0u64..40, 0u8..3))).prop_map(|(project, head)| match head {
            None => format!(r#"42["joined_project",{{"project_id":"{project}"}}]"#),
            Some((head, log)) => format!(
                r#"42["joined_project",{{"project_id":"{project}","replay":true,"event_id":{head},"log":"l{log}"}}]"#
            ),
        }),
        1 => select(vec![r#""a""#, "null", "{}", "[1]", r#"{"project_id":7}"#, "", "{\"project_id\":\"a\",\"replay\":"])
            .prop_map(|data| format!(r#"42["joined_project",{data}]"#)),
        2 => project().prop_map(|project| format!(r#"42["left_project",{{"project_id":"{project}"}}]"#)),
        3 => (words.clone(), option::of(project())).prop_map(|(words, project)| match project {
            None => format!(r#"42["error",{{"message":"{words}"}}]"#),
            Some(project) => format!(r#"42["error",{{"message":"{words}","project_id":"{project}"}}]"#),
        }),
        1 => words.prop_map(|words| format!(r#"42["project_access_denied",{{"message":"{words}"}}]"#)),
        3 => (1u64..60, select(vec![
            "[]",
            "[null]",
            r#"[{"ok":true}]"#,
            r#"[{"ok":false,"code":"access_denied"}]"#,
            r#"[{"project_id":"a","replay":true,"event_id":9,"log":"l0"}]"#,
            r#"[{"events":[],"head":9,"oldest":5,"log":"l0"}]"#,
            r#"[{"events":[{"event":"stats_update","data":{}}],"head":50,"oldest":1,"log":"l0"}]"#,
            r#"[{"events":[],"head":18446744073709551615,"oldest":18446744073709551615,"log":"l0"}]"#,
            r#"[{"events":[],"head":0,"oldest":0}]"#,
            "[{",
            "",
        ])).prop_map(|(id, data)| format!("43{id}{data}")),
        6 => (project(), option::of(prop_oneof![0u64..50, Just(u64::MAX)])).prop_map(|(project, id)| {
            let id = id.map_or(String::new(), |id| format!(r#","event_id":{id}"#));
            format!(r#"42["moderation_update",{{"content_id":"x","status":"approved","project_id":"{project}"{id}}}]"#)
        }),
        1 => Just(r#"42["stats_update",{"total_content":1}]"#.to_owned()),
        1 => select(vec![
            r#"451-["x",{"_placeholder":true,"num":0}]"#,
            r#"452-["moderation_update",{}]"#,
            r#"450-["x"]"#,
            "45-[]",
            "4599999999999999999999-[]",
            r#"461-3[{"_placeholder":true,"num":0}]"#,
        ]).prop_map(str::to_owned),
    ];
    let cut_short = (known, option::weighted(0.1, 0usize..60)).prop_map(|(frame, at)| match at {
        Some(at) if frame.is_char_boundary(at.min(frame.len())) => frame[..at.min(frame.len())].to_owned(),
        _ => frame,
    });
    prop_oneof![20 => cut_short, 1 => ".{0,40}", 1 => "4[0-6]{1,2}.{0,30}"]
}

fn any_op() -> impl Strategy<Value = ChaosOp> {
    prop_oneof![
        1 => Just(ChaosOp::Connect),
        4 => (0u8..5, option::weighted(0.3, 0u64..30)).prop_map(|(project, after)| ChaosOp::Join(project, after)),
        3 => (0u8..5).prop_map(ChaosOp::Leave),
        3 => any::<bool>().prop_map(ChaosOp::Emit),
        1 => Just(ChaosOp::NetworkChanged),
        1 => Just(ChaosOp::CompleteDial),
        2 => (0u8..5).prop_map(ChaosOp::FailDial),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(which, good)| ChaosOp::LateDialReport(which, good)),
        4 => Just(ChaosOp::CompleteHandshake),
        1 => Just(ChaosOp::DropConnection),
        16 => any_frame().prop_map(ChaosOp::Frame),
        8 => (0u8..4).prop_map(ChaosOp::AnswerOneRequest),
        1 => vec(any::<u8>(), 0..20).prop_map(ChaosOp::Binary),
        1 => Just(ChaosOp::SignOfLife),
        2 => prop_oneof![0u64..2_000, 0u64..60_000, 0u64..10_000_000].prop_map(ChaosOp::AdvanceAtOnce),
        4 => prop_oneof![0u64..2_000, 0u64..60_000, 0u64..600_000].prop_map(ChaosOp::RunFor),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(which, good)| ChaosOp::BackfillReply(which, good)),
    ]
}

fn any_config() -> impl Strategy<Value = SessionConfig> {
    let policy = (select(vec![0u64, 1, 1_000]), option::weighted(0.2, 1u32..5), 1u32..10, 0.0..=1.0f64).prop_map(
        |(delay, attempts, per_minute, jitter)| ReconnectPolicy {
            delay: Duration::from_millis(delay),
            attempts,
            max_attempts_per_minute: per_minute,
            jitter,
            ..ReconnectPolicy::default()
        },
    );
    let behaviour = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        select(vec![Backfill::Auto, Backfill::Replay, Backfill::Off]),
        (any::<bool>(), any::<bool>()),
    );
    let limits = (option::weighted(0.8, 3u32..30), option::of(1u64..60));
    (option::weighted(0.9, policy), behaviour, limits).prop_map(
        |(
            reconnect,
            (retry_first_connect, stop, rest, backfill, (renewable, has_spare_api_key)),
            (rate_limit, heartbeat),
        )| SessionConfig {
            reconnect,
            retry_first_connect,
            on_server_disconnect: if stop { OnServerDisconnect::Stop } else { OnServerDisconnect::Reconnect },
            heartbeat_interval: heartbeat.map(Duration::from_secs),
            rate_limit,
            backfill,
            can_ask_rest: rest,
            has_spare_api_key,
            credentials_source: if renewable { CredentialsSource::Renewable } else { CredentialsSource::Fixed },
            ..SessionConfig::default()
        },
    )
}

fn connection_failure(kind: u8) -> ConnectionFailure {
    match kind {
        0 => ConnectionFailure::Dial(Error::connect_failed(Stage::Network, "no route")),
        1 => ConnectionFailure::Credentials(Error::new(ErrorKind::AuthenticationFailed, "status 401")),
        2 => ConnectionFailure::Dial(Error::new(ErrorKind::RateLimited, "429").with_retry_in(Duration::from_secs(30))),
        3 => ConnectionFailure::NoLoginForm(Error::connect_failed(Stage::Credentials, "status 404")),
        _ => ConnectionFailure::Io("broken".into()),
    }
}

const PROJECTS: [&str; 5] = ["a", "b", "c", "d", "e"];

fn answer_one_request(rig: &mut Rig, how: u8) {
    let Some(frame) = rig.sent_frames.pop_front() else { return };
    let Some(packet) = frame.strip_prefix('4').and_then(|text| crate::sio::decode(text).ok()) else { return };
    let Ok((name, data)) = crate::sio::split_event(packet.data) else { return };
    let Some(id) = packet.ack_id else { return };
    let project = serde_json::from_str(data).unwrap_or(serde_json::Value::Null)["project_id"].clone();
    match (&*name, how) {
        ("join_project", 0) => rig.receive(&format!(r#"42["joined_project",{{"project_id":{project}}}]"#)),
        ("join_project", 1) => rig.receive(&format!(
            r#"42["joined_project",{{"project_id":{project},"replay":true,"event_id":9,"log":"l0"}}]"#
        )),
        ("join_project", 2) => rig.receive(r#"42["error",{"message":"Server error occurred"}]"#),
        ("leave_project", 0..=2) => rig.receive(&format!(r#"42["left_project",{{"project_id":{project}}}]"#)),
        _ => {}
    }
    rig.receive(&format!("43{id}[]"));
}

fn apply(rig: &mut Rig, op: ChaosOp) {
    match op {
        ChaosOp::Connect => drop(rig.connect()),
        ChaosOp::Join(project, after) => drop(rig.join(PROJECTS[project as usize], after.map(Into::into))),
        ChaosOp::Leave(project) => drop(rig.leave(PROJECTS[project as usize])),
        ChaosOp::Emit(ack) => drop(rig.emit(ack.then_some(Duration::from_secs(10)))),
        ChaosOp::NetworkChanged => rig.handle(Input::Command(Command::NetworkChanged)),
        ChaosOp::Close => drop(rig.close()),
        ChaosOp::CompleteDial => rig.complete_dial(),
        ChaosOp::FailDial(kind) => rig.fail_dial(connection_failure(kind)),
        ChaosOp::LateDialReport(which, good) => {
            if let Some(&id) = rig.abandoned_attempts.get(which % rig.abandoned_attempts.len().max(1)) {
                rig.handle(match good {
                    true => Input::Dialed { id, login_status: LoginStatus::default(), auth_payload: None },
                    false => Input::DialFailed { id, failure: connection_failure(0) },
                });
            }
        }
        ChaosOp::CompleteHandshake => rig.complete_handshake(),
        ChaosOp::DropConnection => rig.drop_connection(),
        ChaosOp::Frame(text) => rig.receive(&text),
        ChaosOp::AnswerOneRequest(how) => answer_one_request(rig, how),
        ChaosOp::Binary(bytes) => rig.receive_binary(&bytes),
        ChaosOp::SignOfLife => rig.handle(Input::SignOfLife),
        ChaosOp::AdvanceAtOnce(ms) => rig.advance_at_once(Duration::from_millis(ms)),
        ChaosOp::RunFor(ms) => rig.run_for(Duration::from_millis(ms), |_| {}),
        ChaosOp::BackfillReply(which, good) => {
            if let Some(request) = rig.backfill_requests.get(which % rig.backfill_requests.len().max(1)).cloned() {
                let result = if good {
                    Ok(BackfillData { is_complete: true, ..BackfillData::default() })
                } else {
                    Err(Error::closed())
                };
                rig.handle(Input::BackfillReply(BackfillReply { id: request.id, project: request.project, result }));
            }
        }
    }
    rig.stream_outputs.clear();
}

proptest! {
    #![proptest_config(property_config(600))]

    #[test]
    fn the_invariants_hold_for_any_input(
        config in any_config(),
        seed: u64,
        connect_first in prop::bool::weighted(0.9),
        ops in vec(any_op(), 1..120),
        close in prop::bool::weighted(0.1),
    ) {
        let endless = config.retry_first_connect;
        let mut rig = Rig::new(config, seed);
        if connect_first {
            rig.connect();
        }
        let half = ops.len() / 2;
        for (at, op) in ops.into_iter().enumerate() {
            apply(&mut rig, op);
            if close && at == half {
                apply(&mut rig, ChaosOp::Close);
            }
        }
        // Even without a server, every command must eventually be answered, except a `connect` that is retried without
        // a limit.
        if rig.state() != "idle" {
            rig.run_for(Duration::from_secs(3 * 3600), |rig| rig.fail_dial(connection_failure(0)));
            let left: Vec<_> = rig.pending_commands.values().filter(|what| !(endless && **what == "connect")).collect();
            prop_assert!(left.is_empty(), "commands without an answer: {left:?}");
        }
        rig.close();
        prop_assert!(rig.pending_commands.is_empty(), "commands without an answer after close: {:?}", rig.pending_commands);
        for op in [ChaosOp::Connect, ChaosOp::Join(0, None), ChaosOp::Leave(0), ChaosOp::Emit(true), ChaosOp::Close, ChaosOp::NetworkChanged] {
            apply(&mut rig, op);
            prop_assert!(rig.pending_commands.is_empty(), "commands without an answer from a closed client: {:?}", rig.pending_commands);
        }
    }
}
