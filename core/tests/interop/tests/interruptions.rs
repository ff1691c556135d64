//! Interrupted connections recover, and losses are reported.
#![allow(clippy::unwrap_used)] // a failure fails the test

use automoderate::{Client, ContentFilter, Event, EventStream, GapReason, Origin, State, Transports};
use interop::{ALL_SERVERS, ServerKind, StandIn, TRANSPORTS, within_timeout};
use serde_json::json;

async fn wait_for_state(client: &Client, wanted: fn(&State) -> bool) {
    let mut states = client.state_changes();
    within_timeout("the state", async {
        while let Some(state) = states.next().await {
            if wanted(&state) {
                return;
            }
        }
        panic!("the client is closed: {:?}", client.state());
    })
    .await;
}

async fn next_event(events: &mut EventStream) -> Event {
    loop {
        match within_timeout("an event", events.next()).await.unwrap().unwrap() {
            Event::StatsUpdate(_) => {}
            event => return event,
        }
    }
}

/// Cuts the connection, and waits until the client has rejoined its room.
async fn cut_and_wait_for_rejoin(server: &StandIn, client: &Client, how: &str) {
    let connections = client.metrics().connections;
    server.admin("cut", json!({"how": how})).await;
    within_timeout("the new connection", async {
        while client.metrics().connections == connections || !client.state().is_connected() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    within_timeout("the room", async {
        while server.admin("stats", json!({})).await["joined"][&server.ready.project_id] != 1 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn rooms_are_rejoined_after_a_cut() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        for (transports, how) in TRANSPORTS.into_iter().zip(["fin", "rst", "fin"]) {
            // This client does not use REST, and therefore reports a gap.
            let client = server.client().backfill(automoderate::Backfill::Replay).transports(transports);
            let client = client.connect().await.unwrap();
            let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
            for _ in 0..2 {
                server.admin("cut", json!({"how": how})).await;
                // The gap is delivered once the server has confirmed the join. The test does not wait for the server's
                // count of joined sockets, which may include a polling session whose end the server has not noticed yet.
                let Event::Gap(gap) = next_event(&mut events).await else { panic!("expected a gap") };
                let id = server.moderate("after the cut").await;
                assert_eq!((gap.reason, gap.missed), (GapReason::Interrupted, None), "{kind:?}");
                let Event::ModerationUpdate(update) = next_event(&mut events).await else {
                    panic!("expected the decision after the gap")
                };
                assert_eq!(update.content_id, id, "{kind:?} {transports:?}");
            }
            client.close().await;
        }
    }
}

#[tokio::test]
async fn missed_events_are_backfilled_by_rest_with_a_key() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        // On deployed servers, the session authenticates the socket and the key authenticates REST.
        let builder = server.client().api_key(server.ready.api_key.as_str());
        let client = builder.transports(Transports::WebSocket).connect().await.unwrap();
        let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
        let before = server.moderate("before").await;
        let Event::ModerationUpdate(update) = next_event(&mut events).await else { panic!("an update") };
        assert_eq!(update.content_id, before);
        // Until the client has learned from REST where the stream starts, an interruption causes a gap. By the time
        // these calls have been answered, the call that the join triggered has been answered too.
        for _ in 0..5 {
            client.contents_page(ContentFilter::default()).await.unwrap();
        }
        let connections = client.metrics().connections;
        server.admin("cut", json!({"how": "rst"})).await;
        let mut missed = Vec::new();
        while client.metrics().connections == connections {
            missed.push(server.moderate("during").await);
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let after = server.moderate("after").await;
        let mut got = Vec::new();
        while got.last() != Some(&after) {
            match next_event(&mut events).await {
                Event::ModerationUpdate(update) => {
                    assert!(matches!(update.meta.origin, Origin::Live | Origin::Backfill));
                    got.push(update.content_id);
                }
                other => panic!("{kind:?}: {other:?}"),
            }
        }
        missed.push(after);
        assert_eq!(got, missed, "{kind:?}: each decision must arrive once and in order");
        assert!(client.metrics().backfilled > 0, "{kind:?}");
    }
}

#[tokio::test]
async fn an_expired_session_is_replaced_by_a_new_login() {
    for kind in [ServerKind::FlaskNew, ServerKind::FlaskOld] {
        let server = StandIn::start(kind).await;
        let client = server.client().connect().await.unwrap();
        let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
        server.admin("expire_sessions", json!({})).await;
        cut_and_wait_for_rejoin(&server, &client, "fin").await;
        let id = server.moderate("back").await;
        loop {
            match next_event(&mut events).await {
                Event::ModerationUpdate(update) => {
                    assert_eq!(update.content_id, id, "{kind:?}");
                    break;
                }
                Event::Gap(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn the_client_reconnects_after_a_server_disconnect() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        let client = server.client().connect().await.unwrap();
        client.join(server.ready.project_id.as_str()).await.unwrap();
        server.admin("disconnect_clients", json!({})).await;
        wait_for_state(&client, |state| matches!(state, State::Reconnecting { .. })).await;
        wait_for_state(&client, State::is_connected).await;
    }
}

#[tokio::test]
async fn polling_sessions_unknown_to_the_server_are_replaced() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        let client = server.client().transports(Transports::Polling).connect().await.unwrap();
        let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
        let connections = client.metrics().connections;
        server.admin("restart_engine", json!({})).await;
        within_timeout("a new session", async {
            while client.metrics().connections == connections {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await;
        within_timeout("an event again", async {
            loop {
                server.moderate("again").await;
                let got = tokio::time::timeout(std::time::Duration::from_millis(200), events.next()).await;
                if matches!(got, Ok(Some(Ok(Event::ModerationUpdate(_))))) {
                    return;
                }
            }
        })
        .await;
    }
}

#[tokio::test]
async fn connection_state_recovery_causes_no_duplicates() {
    let server = StandIn::start_with_flags(ServerKind::Node, &["--recovery", "on"]).await;
    let client = server.client().connect().await.unwrap();
    let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
    let mut sent = Vec::new();
    for n in 0..20 {
        if n == 10 {
            cut_and_wait_for_rejoin(&server, &client, "rst").await;
        }
        sent.push(server.moderate("once").await);
    }
    let mut got = Vec::new();
    while got.len() < sent.len() {
        if let Event::ModerationUpdate(update) = next_event(&mut events).await {
            got.push(update.content_id);
        }
    }
    assert_eq!(got, sent);
}
