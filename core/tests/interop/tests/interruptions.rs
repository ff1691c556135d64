//! Broken connections recover, and losses are reported.
#![allow(clippy::unwrap_used)] // a failure fails the test

use automoderate::{Client, ContentFilter, Event, EventStream, GapReason, Origin, State, Transports};
use interop::{ALL, Kind, StandIn, TRANSPORTS, soon};
use serde_json::json;

async fn wait_for(client: &Client, wanted: fn(&State) -> bool) {
    let mut states = client.state_changes();
    soon("the state", async {
        while let Some(state) = states.next().await {
            if wanted(&state) {
                return;
            }
        }
        panic!("the client is closed: {:?}", client.state());
    })
    .await;
}

async fn next(events: &mut EventStream) -> Event {
    loop {
        match soon("an event", events.next()).await.unwrap().unwrap() {
            Event::StatsUpdate(_) => {}
            event => return event,
        }
    }
}

/// Cuts the connection, and waits until the client is in its room again.
async fn cut_and_mend(server: &StandIn, client: &Client, how: &str) {
    let connections = client.metrics().connections;
    server.admin("cut", json!({"how": how})).await;
    soon("the new connection", async {
        while client.metrics().connections == connections || !client.state().is_connected() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    soon("the room", async {
        while server.admin("stats", json!({})).await["joined"][&server.ready.project_id] != 1 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn rooms_are_joined_again_after_a_cut() {
    for kind in ALL {
        let server = StandIn::start(kind).await;
        for (transports, how) in TRANSPORTS.into_iter().zip(["fin", "rst", "fin"]) {
            // Without REST there is nothing to fill the gap with.
            let client = server.client().backfill(automoderate::Backfill::Replay).transports(transports);
            let client = client.connect().await.unwrap();
            let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
            for _ in 0..2 {
                server.admin("cut", json!({"how": how})).await;
                // Signalled once the server has confirmed the join. The server's own count may include a polling
                // session whose end it has not noticed yet.
                let Event::Gap(gap) = next(&mut events).await else { panic!("a gap reports the interruption") };
                let id = server.moderate("after the cut").await;
                assert_eq!((gap.reason, gap.missed), (GapReason::Interrupted, None), "{kind:?}");
                let Event::ModerationUpdate(update) = next(&mut events).await else { panic!("then the update") };
                assert_eq!(update.content_id, id, "{kind:?} {transports:?}");
            }
            client.close().await;
        }
    }
}

#[tokio::test]
async fn rest_makes_up_for_an_interruption_where_there_is_a_key() {
    for kind in ALL {
        let server = StandIn::start(kind).await;
        // Deployed servers let the socket in by the session, and REST by the key.
        let builder = server.client().api_key(server.ready.api_key.as_str());
        let client = builder.transports(Transports::WebSocket).connect().await.unwrap();
        let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
        let before = server.moderate("before").await;
        let Event::ModerationUpdate(update) = next(&mut events).await else { panic!("an update") };
        assert_eq!(update.content_id, before);
        // Until REST has said where the stream starts, an interruption is a gap. The server answers one call after another.
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
            match next(&mut events).await {
                Event::ModerationUpdate(update) => {
                    assert!(matches!(update.meta.origin, Origin::Live | Origin::Backfill));
                    got.push(update.content_id);
                }
                other => panic!("{kind:?}: {other:?}"),
            }
        }
        missed.push(after);
        assert_eq!(got, missed, "{kind:?}: each once, in order");
        assert!(client.metrics().backfilled > 0, "{kind:?}");
    }
}

#[tokio::test]
async fn a_session_that_died_is_logged_in_again() {
    for kind in [Kind::FlaskNew, Kind::FlaskOld] {
        let server = StandIn::start(kind).await;
        let client = server.client().connect().await.unwrap();
        let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
        server.admin("expire_sessions", json!({})).await;
        cut_and_mend(&server, &client, "fin").await;
        let id = server.moderate("back").await;
        loop {
            match next(&mut events).await {
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
async fn a_server_that_ends_the_connection_is_come_back_to() {
    for kind in ALL {
        let server = StandIn::start(kind).await;
        let client = server.client().connect().await.unwrap();
        client.join(server.ready.project_id.as_str()).await.unwrap();
        server.admin("disconnect_clients", json!({})).await;
        wait_for(&client, |state| matches!(state, State::Reconnecting { .. })).await;
        wait_for(&client, State::is_connected).await;
    }
}

#[tokio::test]
async fn polling_sessions_that_the_server_forgot_are_replaced() {
    for kind in ALL {
        let server = StandIn::start(kind).await;
        let client = server.client().transports(Transports::Polling).connect().await.unwrap();
        let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
        let connections = client.metrics().connections;
        server.admin("restart_engine", json!({})).await;
        soon("a new session", async {
            while client.metrics().connections == connections {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await;
        soon("an event again", async {
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
async fn state_recovery_of_the_server_doubles_nothing() {
    let server = StandIn::with(Kind::Node, &["--recovery", "on"]).await;
    let client = server.client().connect().await.unwrap();
    let mut events = client.join(server.ready.project_id.as_str()).await.unwrap().events();
    let mut sent = Vec::new();
    for n in 0..20 {
        if n == 10 {
            cut_and_mend(&server, &client, "rst").await;
        }
        sent.push(server.moderate("once").await);
    }
    let mut got = Vec::new();
    while got.len() < sent.len() {
        if let Event::ModerationUpdate(update) = next(&mut events).await {
            got.push(update.content_id);
        }
    }
    assert_eq!(got, sent);
}
