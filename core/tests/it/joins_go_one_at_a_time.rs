//! Joins are sent one at a time, because servers answer concurrent joins in any order and some refusals name no project.

use std::time::Duration;

use automoderate::testing::Script;
use serde_json::json;
use tokio::time::Instant;

use crate::common::{connected_client, decision_payload, expect_decision, join, let_tasks_run};

#[tokio::test(start_paused = true)]
async fn the_next_join_waits_for_the_answer() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let joins = ["a", "b", "c", "d"].map(|project| client.join(project));
    let answers = async {
        for project in ["a", "b", "c", "d"] {
            let asked = server.expect_event("join_project").await;
            assert_eq!(asked.data, json!({"project_id": project}), "joins are sent in the order of the calls");
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert_eq!(server.try_recv(), None, "something was sent while a join was in flight");
            match project {
                "b" => server.emit("error", &json!({"message": "Project b not found"})),
                "c" => server.emit("project_access_denied", &json!({"message": "no"})),
                _ => server.emit("joined_project", &json!({"project_id": project})),
            }
            server.send(format!("43{}[]", asked.ack.unwrap()));
        }
    };
    let (results, ()) = tokio::join!(futures_util::future::join_all(joins), answers);
    let codes: Vec<_> =
        results.iter().map(|result| result.as_ref().map_or_else(|error| error.code(), |_| "ok")).collect();
    assert_eq!(codes, ["ok", "project_not_found", "access_denied", "ok"]);
}

#[tokio::test(start_paused = true)]
async fn queueing_does_not_count_towards_the_join_timeout() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    // The server takes 9 s for each join, which is within the default timeout of 10 s.
    let joins = (0..5).map(|n| client.join(format!("p{n}")));
    let answers = async {
        for _ in 0..5 {
            let asked = server.expect_event("join_project").await;
            tokio::time::sleep(Duration::from_secs(9)).await;
            server.emit("joined_project", &asked.data);
            server.send(format!("43{}[]", asked.ack.unwrap()));
        }
    };
    let (results, ()) = tokio::join!(futures_util::future::join_all(joins), answers);
    results.into_iter().for_each(|result| drop(result.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_join_does_not_overtake_a_leave() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let project = join(&client, &mut server, "p", None).await;
    // Leaves the project and rejoins it immediately, which requires two requests in this order.
    let again = async {
        let (left, joined) = tokio::join!(project.leave(), client.join("p"));
        left.unwrap();
        joined.unwrap()
    };
    let answers = async {
        let asked = server.expect_event("leave_project").await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(server.try_recv(), None, "the join may not overtake the leave");
        server.emit("left_project", &asked.data);
        server.send(format!("43{}[]", asked.ack.unwrap()));
        server.accept_join("p", None).await;
    };
    let (project, ()) = tokio::join!(again, answers);
    let mut events = project.events();
    server.emit("moderation_update", &decision_payload("c"));
    expect_decision(&mut events, "c").await;
}

#[tokio::test(start_paused = true)]
async fn a_late_acknowledgement_of_a_join_does_not_complete_a_leave() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let joining = async {
        let asked = server.expect_event("join_project").await;
        server.emit("joined_project", &asked.data);
        asked.ack.unwrap()
    };
    let (project, late) = tokio::join!(client.join("p"), joining);
    let project = project.unwrap();
    let mut leave = Box::pin(project.leave());
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut leave).await.is_err());
    let asked = server.expect_event("leave_project").await;
    server.send(format!("43{late}[]"));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), &mut leave).await.is_err(),
        "the server has not confirmed the leave yet"
    );
    server.emit("left_project", &asked.data);
    leave.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_join_times_out_and_the_next_one_is_sent() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let (first, second, ()) = tokio::join!(client.join("a"), client.join("b"), async {
        server.expect_event("join_project").await;
        let sent = Instant::now();
        server.accept_join("b", None).await;
        assert_eq!(sent.elapsed().as_secs(), 10, "the second join must wait for exactly one join timeout");
    });
    let error = first.unwrap_err();
    assert_eq!(error.code(), "join_timeout");
    assert!(error.is_retryable());
    second.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_late_refusal_does_not_refuse_the_next_join() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let (first, second, ()) = tokio::join!(client.join("a"), client.join("b"), async {
        let asked = server.expect_event("join_project").await;
        let next = server.expect_event("join_project").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        // Refusals by deployed servers contain neither a project id nor a code.
        server.emit("error", &json!({"message": "Access denied - you are not a member of this project"}));
        server.send(format!("43{}[]", asked.ack.unwrap()));
        tokio::time::sleep(Duration::from_secs(2)).await;
        server.emit("joined_project", &next.data);
        server.send(format!("43{}[]", next.ack.unwrap()));
    });
    assert_eq!(first.unwrap_err().code(), "join_timeout");
    second.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_room_joined_after_the_timeout_is_left_again() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let (late, asked) = tokio::join!(client.join("a"), server.expect_event("join_project"));
    assert_eq!(late.unwrap_err().code(), "join_timeout");
    server.emit("joined_project", &asked.data);
    server.send(format!("43{}[]", asked.ack.unwrap()));
    assert_eq!(server.expect_event("leave_project").await.data, asked.data);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_answer_does_not_answer_the_next_join() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let project = join(&client, &mut server, "p", None).await;
    let leaving = project.clone();
    let leave = tokio::spawn(async move { leaving.leave().await });
    let asked = server.expect_event("leave_project").await;
    let again = tokio::spawn(async move { client.join("p").await.map(|project| (client, project)) });
    let_tasks_run().await;
    server.emit("joined_project", &json!({"project_id": "p"}));
    server.emit("left_project", &asked.data);
    server.accept_join("p", None).await;
    leave.await.unwrap().unwrap();
    let (_client, project) = again.await.unwrap().unwrap();
    let mut events = project.events();
    server.emit("moderation_update", &decision_payload("a"));
    expect_decision(&mut events, "a").await;
}

#[tokio::test(start_paused = true)]
async fn events_from_before_a_late_leave_are_dropped() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let project = join(&client, &mut server, "p", None).await;
    let leaving = project.clone();
    let leave = tokio::spawn(async move { leaving.leave().await });
    let asked = server.expect_event("leave_project").await;
    let again = tokio::spawn(async move { client.join("p").await.map(|project| (client, project)) });
    let joining = server.expect_event("join_project").await;
    leave.await.unwrap().unwrap();
    server.emit("moderation_update", &decision_payload("from before the leave"));
    server.emit("left_project", &asked.data);
    server.emit("moderation_update", &decision_payload("new"));
    server.emit("joined_project", &joining.data);
    let (_client, project) = again.await.unwrap().unwrap();
    let mut events = project.events();
    expect_decision(&mut events, "new").await;
}
