//! The output and the exit status of `automod-tail` with every server implementation.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::{path::PathBuf, process::Stdio};

use interop::{ALL_SERVERS, ServerKind, StandIn, within_timeout};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout, Command},
};

struct TailProcess {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
}

impl TailProcess {
    fn start(server: &StandIn, credentials: &[&str], more: &[&str]) -> Self {
        // `make test-e2e` builds the program together with the tests.
        let mut program = PathBuf::from(std::env::current_exe().unwrap().parent().unwrap().parent().unwrap());
        program.push("automod-tail");
        let mut child = Command::new(&program)
            .args(["--json", "--url", &server.ready.base_url])
            .args(credentials)
            .args(more)
            .env_remove("AUTOMODERATE_API_KEY")
            .env("AUTOMODERATE_PASSWORD", &server.ready.password)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let err = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, out, err }
    }

    fn start_authenticated(server: &StandIn, more: &[&str]) -> Self {
        let project = server.ready.project_id.clone();
        let credentials: Vec<&str> = if server.kind.is_deployed() {
            vec!["--email", &server.ready.email]
        } else {
            vec!["--api-key", &server.ready.api_key]
        };
        let more: Vec<_> = ["--project", &project].iter().chain(more).copied().collect();
        Self::start(server, &credentials, &more)
    }

    async fn next_event(&mut self) -> Value {
        let line = within_timeout("an event", self.out.next_line()).await.unwrap().expect("a line");
        serde_json::from_str(&line).unwrap()
    }

    async fn wait_for_state(&mut self, wanted: &str) -> Value {
        loop {
            let line =
                within_timeout(wanted, self.err.next_line()).await.unwrap().unwrap_or_else(|| panic!("no {wanted}"));
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["state"] == wanted {
                return value;
            }
        }
    }

    async fn exit_code(&mut self) -> i32 {
        within_timeout("the exit", self.child.wait()).await.unwrap().code().expect("not killed")
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }
}

/// Waits until `automod-tail` is in the project's room on the server.
async fn wait_until_joined(server: &StandIn) {
    within_timeout("the room", async {
        while server.admin("stats", Value::Object(Default::default())).await["joined"][&server.ready.project_id] != 1 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn tail_prints_one_line_per_event_and_exits_after_count() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        let mut tail = TailProcess::start_authenticated(&server, &["--count", "3"]);
        wait_until_joined(&server).await;
        let mut seen = 0;
        let mut updates = 0;
        while seen < 3 {
            let id = server.moderate("hello").await;
            loop {
                let event = tail.next_event().await;
                seen += 1;
                if event["event"] == "moderation_update" {
                    updates += 1;
                    assert_eq!(event["data"]["content_id"], id.as_str());
                    assert_eq!(event["project_id"], server.ready.project_id.as_str());
                    assert_eq!(event["event_id"], Value::Null);
                    assert_eq!(event["origin"], "live");
                    break;
                }
                assert_eq!(event["event"], "stats_update", "{kind:?}");
                if seen == 3 {
                    break;
                }
            }
        }
        assert!(updates > 0);
        assert_eq!(tail.exit_code().await, 0, "{kind:?}");
    }
}

#[tokio::test]
async fn tail_reports_states_and_survives_a_cut() {
    for kind in [ServerKind::FlaskNew, ServerKind::FlaskOld] {
        let server = StandIn::start(kind).await;
        let mut tail = TailProcess::start_authenticated(&server, &["--transport", "websocket"]);
        tail.wait_for_state("connecting").await;
        tail.wait_for_state("connected").await;
        wait_until_joined(&server).await;
        server.admin("cut", serde_json::json!({"how": "rst"})).await;
        let reconnecting = tail.wait_for_state("reconnecting").await;
        assert_eq!(reconnecting["attempt"], 1);
        assert!(reconnecting["retry_in"].as_f64().unwrap() > 0.0);
        tail.wait_for_state("connected").await;
        wait_until_joined(&server).await;
        let id = server.moderate("after the cut").await;
        let mut event = tail.next_event().await;
        // Without an API key, the client can't fetch missed decisions through REST, so it reports a gap.
        if event["event"] == "gap" {
            event = tail.next_event().await;
        }
        assert_eq!(event["data"]["content_id"], id.as_str());
        tail.signal("TERM");
        assert_eq!(tail.exit_code().await, 0, "{kind:?}");
    }
}

#[tokio::test]
async fn the_exit_status_identifies_the_error() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        let project = server.ready.project_id.clone();
        let wrong: Vec<Vec<&str>> = if kind.is_deployed() {
            vec![
                vec!["--email", &server.ready.email, "--password", "wrong"],
                vec!["--session", "made-up"],
                vec!["--api-key", &server.ready.api_key],
            ]
        } else {
            vec![vec!["--api-key", "am_wrong"]]
        };
        for credentials in wrong {
            let mut tail = TailProcess::start(&server, &credentials, &["--project", &project]);
            assert_eq!(tail.exit_code().await, 3, "{kind:?} {credentials:?}");
        }
        let good: Vec<&str> = if kind.is_deployed() {
            vec!["--email", &server.ready.email]
        } else {
            vec!["--api-key", &server.ready.api_key]
        };
        let mut tail = TailProcess::start(&server, &good, &["--project", &server.ready.other_project_id]);
        assert_eq!(tail.exit_code().await, 4, "{kind:?}");
        if kind.is_deployed() {
            let mut tail = TailProcess::start(&server, &good, &["--project", "665d74fa-2629-466a-837a-084024fe1be0"]);
            assert_eq!(tail.exit_code().await, 4, "{kind:?}");
        }
    }
}
