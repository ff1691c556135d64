//! Every call that awaits an acknowledgement receives its own acknowledgement, or fails with an error.

use std::time::Duration;

use automoderate::testing::Script;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::common::{client_builder, connect, connected_client};

#[tokio::test(start_paused = true)]
async fn concurrent_acknowledgements_reach_their_callers() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script).rate_limit(None), &script).await;
    let questions = (0..500u64).map(|n| {
        let client = client.clone();
        async move { (n, client.emit_with_ack("double", n).await.unwrap()) }
    });
    let answers = async {
        let mut asked = Vec::new();
        for _ in 0..500 {
            asked.push(server.expect_event("double").await);
        }
        // The server answers in a different order.
        asked.sort_by_key(|asked| asked.data.as_u64().unwrap().wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for asked in asked {
            server.acknowledge(asked.ack.unwrap(), &(asked.data.as_u64().unwrap() * 2));
        }
    };
    let (results, ()) = tokio::join!(futures_util::future::join_all(questions), answers);
    assert_eq!(results.len(), 500);
    for (n, answer) in results {
        assert_eq!(answer, json!(n * 2));
    }
}

#[tokio::test(start_paused = true)]
async fn acknowledgement_data_is_decoded() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    for (frame, wanted) in [
        ("[]", Value::Null),
        ("", Value::Null),
        ("[null]", Value::Null),
        ("[7]", json!(7)),
        (r#"[{"a":[1]}]"#, json!({"a": [1]})),
        (r#"["one","two"]"#, json!(["one", "two"])),
        ("[[1,2]]", json!([1, 2])),
    ] {
        let (answer, ()) = tokio::join!(client.emit_with_ack("ask", ()), async {
            let asked = server.expect_event("ask").await;
            assert_eq!(asked.data, Value::Null);
            server.send(format!("43{}{frame}", asked.ack.unwrap()));
        });
        assert_eq!(answer.unwrap(), wanted, "{frame}");
    }
    for frame in ["[{", "[1,]", "{", "[1"] {
        let (answer, ()) = tokio::join!(client.emit_with_ack("ask", ()), async {
            let asked = server.expect_event("ask").await;
            server.send(format!("43{}{frame}", asked.ack.unwrap()));
        });
        match answer {
            Ok(value) => assert_eq!((frame, value), ("[1", json!(1)), "only a missing closing bracket is tolerated"),
            Err(error) => assert_eq!(error.code(), "protocol", "{frame}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_acknowledgement_times_out() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script).ack_timeout(Duration::from_secs(3)), &script).await;
    let start = Instant::now();
    let error = client.emit_with_ack("ask", 1).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("ack_timeout", true));
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    let late = server.expect_event("ask").await.ack.unwrap();
    // A late acknowledgement of the first request must not complete the second request.
    let (answer, ()) = tokio::join!(client.emit_with_ack("ask", 2), async {
        let asked = server.expect_event("ask").await;
        server.acknowledge(late, &"late");
        server.acknowledge(late, &"late");
        server.acknowledge(asked.ack.unwrap(), &"in time");
    });
    assert_eq!(answer.unwrap(), json!("in time"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_fails_pending_acknowledgements_at_once() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let start = Instant::now();
    let (answer, old) = tokio::join!(client.emit_with_ack("ask", 1), async {
        let asked = server.expect_event("ask").await;
        server.cut();
        asked.ack.unwrap()
    });
    assert_eq!(answer.unwrap_err().code(), "disconnected");
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(
        client.emit_with_ack("ask", 1).await.unwrap_err().code(),
        "disconnected",
        "requests are not queued while disconnected"
    );

    // An acknowledgement of a request from the old connection must not complete a request on the new connection.
    let mut server = script.accept_handshake().await;
    crate::common::let_tasks_run().await;
    let (answer, ()) = tokio::join!(client.emit_with_ack("ask", 2), async {
        let asked = server.expect_event("ask").await;
        assert_ne!(asked.ack, Some(old));
        server.acknowledge(old, &"old");
        server.acknowledge(asked.ack.unwrap(), &"new");
    });
    assert_eq!(answer.unwrap(), json!("new"));
}

#[tokio::test(start_paused = true)]
async fn emitted_frames_match_byte_for_byte() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    client.emit("plain", ()).await.unwrap();
    server.expect(r#"42["plain"]"#).await;
    client.emit("with \"quotes\"", json!({"é": "<\u{1e}\n>"})).await.unwrap();
    server.expect("42[\"with \\\"quotes\\\"\",{\"é\":\"<\\u001e\\n>\"}]").await;
    client.emit("list", vec![1, 2]).await.unwrap();
    server.expect(r#"42["list",[1,2]]"#).await;
    let (answer, ()) = tokio::join!(client.emit_with_ack("ask", 1.5), async {
        server.expect(r#"421["ask",1.5]"#).await;
        server.send("431[]");
    });
    answer.unwrap();
}
