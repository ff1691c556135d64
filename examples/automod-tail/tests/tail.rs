//! Tests of the output and the exit status of `automod-tail`, with the reference server or the SDK's test server.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::{process::Stdio, time::Duration};

use automoderate::Client;
use automoderate_server::{Limits, RunningServer, Server};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout, Command},
};

const DEADLINE: Duration = Duration::from_secs(20);

async fn within_deadline<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what}: timed out after {DEADLINE:?}"))
}

async fn start_server() -> (RunningServer, Client) {
    let server = Server::builder().demo(true).limits(Limits::none()).start().await.unwrap();
    let client = Client::builder(server.base_url()).api_key(server.demo().unwrap().api_key.as_str()).build().unwrap();
    (server, client)
}

struct Tail {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
}

impl Tail {
    fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_automod-tail"))
            .args(args)
            .env_remove("AUTOMODERATE_URL")
            .env_remove("AUTOMODERATE_API_KEY")
            .env_remove("AUTOMODERATE_PASSWORD")
            .env_remove("AUTOMODERATE_SESSION")
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let err = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, out, err }
    }

    fn follow_demo(server: &RunningServer, more: &[&str]) -> Self {
        let demo = server.demo().unwrap();
        let url = server.base_url();
        let args: Vec<_> = ["--url", &url, "--project", &demo.project_id].iter().chain(more).copied().collect();
        Self::start(&args, &[("AUTOMODERATE_API_KEY", &demo.api_key)])
    }

    async fn next_line(&mut self) -> String {
        within_deadline("a line", self.out.next_line()).await.unwrap().expect("a line")
    }

    async fn next_event(&mut self) -> Value {
        serde_json::from_str(&self.next_line().await).unwrap()
    }

    async fn wait_for_state(&mut self, wanted: &str) -> Value {
        loop {
            let line =
                within_deadline(wanted, self.err.next_line()).await.unwrap().unwrap_or_else(|| panic!("no {wanted}"));
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["state"] == wanted {
                return value;
            }
        }
    }

    async fn exit_status(&mut self) -> i32 {
        within_deadline("the exit", self.child.wait()).await.unwrap().code().expect("not killed")
    }
}

#[tokio::test]
async fn lines_are_json_with_ids_and_the_payload() {
    let (server, client) = start_server().await;
    let head = 3; // number of sample rules in the demo project
    let mut tail = Tail::follow_demo(&server, &["--json", "--after", "0", "--count", "4"]);
    for id in 1..=head {
        let event = tail.next_event().await;
        assert_eq!((event["event"].as_str(), event["event_id"].as_u64()), (Some("rule_update"), Some(id)));
        assert_eq!(event["origin"], "replay");
    }
    let decided = client.moderate("free money").await.unwrap();
    let event = tail.next_event().await;
    assert_eq!(event["event"], "moderation_update");
    assert_eq!(event["project_id"], server.demo().unwrap().project_id.as_str());
    assert_eq!(event["event_id"], head + 1);
    assert_eq!(event["origin"], "live");
    assert_eq!(event["data"]["content_id"], decided.content_id.as_str());
    assert_eq!(event["data"]["status"], "rejected");
    assert_eq!(event.as_object().unwrap().len(), 5, "{event}");
    assert_eq!(tail.exit_status().await, 0);
}

#[tokio::test]
async fn without_json_the_lines_are_short_text() {
    let (server, client) = start_server().await;
    client.moderate("clear\u{1b}[2J the screen").await.unwrap();
    let mut tail = Tail::follow_demo(&server, &["--after", "3", "--count", "1"]);
    let line = tail.next_line().await;
    assert!(line.contains("#4 moderation_update") && line.contains("approved"), "{line}");
    assert!(!line.contains('\u{1b}'), "control sequences must not reach the terminal");
    assert_eq!(tail.exit_status().await, 0);
}

#[tokio::test]
async fn states_are_written_and_signals_end_the_program_with_status_0() {
    for signal in ["TERM", "INT"] {
        let (server, _) = start_server().await;
        let mut tail = Tail::follow_demo(&server, &["--json"]);
        tail.wait_for_state("connecting").await;
        tail.wait_for_state("connected").await;
        let pid = tail.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        tail.wait_for_state("closing").await;
        assert_eq!(tail.wait_for_state("closed").await["reason"], "closed");
        assert_eq!(tail.exit_status().await, 0, "{signal}");
    }
}

#[tokio::test]
async fn a_signal_ends_the_program_even_if_its_output_is_not_read() {
    let (server, client) = start_server().await;
    let mut tail = Tail::follow_demo(&server, &["--json", "--after", "0"]);
    tail.next_event().await;
    // The output exceeds the capacity of the pipe, so the thread that writes it blocks.
    let metadata = serde_json::json!({"filler": "x".repeat(50_000)});
    for _ in 0..50 {
        client.moderate(automoderate::Submission::text("hello").metadata(metadata.clone())).await.unwrap();
    }
    let pid = tail.child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
    assert_eq!(tail.exit_status().await, 0);
}

#[tokio::test]
async fn a_full_disk_ends_the_program_with_status_1() {
    let (server, _) = start_server().await;
    let demo = server.demo().unwrap();
    let program = env!("CARGO_BIN_EXE_automod-tail");
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{program} --json --after 0 --url $1 --project $2 > /dev/full")).arg("sh");
    command.args([&server.base_url(), &demo.project_id]).env("AUTOMODERATE_API_KEY", &demo.api_key);
    let output = within_deadline("the exit", command.output()).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("unwritable"));
}

#[tokio::test]
async fn no_event_is_lost_while_further_projects_are_joined() {
    let server = automoderate::testing::Server::start().await.unwrap();
    let projects = ["a", "b", "c"];
    for project in projects {
        for n in 0..3_000 {
            server.publish(project, "user_activity", &serde_json::json!({"user_id": n}));
        }
    }
    let mut tail = Tail::start(
        &["--url", server.url(), "--project", "a", "--project", "b", "c", "--json", "--after", "0", "--count", "9000"],
        &[("AUTOMODERATE_API_KEY", "any")],
    );
    let mut last = std::collections::HashMap::new();
    for _ in 0..9_000 {
        let event = tail.next_event().await;
        assert_eq!(event["event"], "user_activity");
        let last: &mut u64 = last.entry(event["project_id"].as_str().unwrap().to_owned()).or_default();
        *last += 1;
        assert_eq!(event["event_id"], *last);
    }
    assert_eq!(tail.exit_status().await, 0);
}

#[tokio::test]
async fn the_program_gives_up_on_a_stopped_server_after_the_attempts() {
    let (server, _) = start_server().await;
    let mut tail = Tail::follow_demo(&server, &["--json", "--attempts", "1"]);
    tail.wait_for_state("connected").await;
    server.shutdown().await;
    let reconnecting = tail.wait_for_state("reconnecting").await;
    assert_eq!(reconnecting["attempt"], 1);
    assert!(reconnecting["retry_in"].is_f64() && reconnecting["cause"].is_string(), "{reconnecting}");
    assert_eq!(tail.wait_for_state("closed").await["reason"], "gave_up");
    assert_eq!(tail.exit_status().await, 5);
}

#[tokio::test]
async fn each_failure_has_its_exit_status() {
    let (server, _) = start_server().await;
    let demo = server.demo().unwrap();
    let url = server.base_url();
    let good = [("AUTOMODERATE_API_KEY", demo.api_key.as_str())];
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], i32);
    let cases: &[Case<'_>] = &[
        (&[], &good, 2),
        (&["--url", &url], &good, 2),
        (&["--url", "localhost:6217", "--project", "p"], &good, 2),
        (&["--url", &url, "--project", ""], &good, 2),
        (&["--url", &url, "--project", &demo.project_id, "--count", "0"], &good, 2),
        (&["--url", &url, "--project", &demo.project_id, "--after", "yesterday"], &good, 2),
        (&["--url", &url, "--project", &demo.project_id, "--session", "made-up", "--email", "a@b"], &[], 2),
        (&["--url", &url, "--project", &demo.project_id], &[], 3),
        (&["--url", &url, "--project", &demo.project_id, "--api-key", "am_wrong"], &good, 3),
        (&["--url", &url, "--project", &demo.project_id, "--session", "made-up"], &[], 3),
        (&["--url", &url, "--project", &demo.project_id, "--email", &demo.email, "--password", "wrong"], &[], 3),
        (&["--url", &url, "--project", "no-such-project"], &good, 4),
        (&["--url", "http://127.0.0.1:9", "--project", "p"], &good, 5),
    ];
    for (args, env, status) in cases {
        let mut tail = Tail::start(args, env);
        assert_eq!(tail.exit_status().await, *status, "{args:?}");
        while let Some(line) = tail.err.next_line().await.unwrap() {
            assert!(!line.contains(demo.api_key.as_str()) && !line.contains("am_wrong"), "{line}");
        }
    }
}

#[tokio::test]
async fn a_password_from_the_environment_is_used() {
    let (server, client) = start_server().await;
    let demo = server.demo().unwrap();
    client.moderate("hello").await.unwrap();
    let args = ["--url", &server.base_url(), "--email", &demo.email, "--project", &demo.project_id];
    let args: Vec<_> = args.into_iter().chain(["--after", "3", "--count", "1", "--json"]).collect();
    let mut tail = Tail::start(&args, &[("AUTOMODERATE_PASSWORD", &demo.password)]);
    assert_eq!(tail.next_event().await["event_id"], 4);
    assert_eq!(tail.exit_status().await, 0);
}

#[tokio::test]
async fn a_closed_stdout_ends_the_program_with_status_0() {
    let (server, client) = start_server().await;
    let mut tail = Tail::follow_demo(&server, &["--json", "--after", "0"]);
    tail.next_event().await;
    let Tail { mut child, out, .. } = tail;
    drop(out);
    within_deadline("the exit", async {
        loop {
            client.moderate("hello").await.unwrap();
            if let Some(status) = child.try_wait().unwrap() {
                assert_eq!(status.code(), Some(0));
                return;
            }
        }
    })
    .await;
}
