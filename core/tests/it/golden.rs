//! The files in `core/tests/golden`, which the tests of every language share: packets as received, with the events
//! that they become, and the default options.

use std::path::Path;

use automoderate::{
    Event,
    facade::{self, ClientOptions, ReconnectOptions},
    testing::Script,
};
use serde_json::{Value, json};

use crate::common::{connected_client, next_event};

const EVENT_KINDS: [&str; 8] = [
    "moderation_update",
    "stats_update",
    "rule_update",
    "system_notification",
    "user_activity",
    "server_error",
    "unknown_event",
    "malformed_event",
];

fn golden_file(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name).with_extension("json");
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap()
}

/// Returns the event as bindings expose it, without its arrival time.
fn event_without_arrival_time(event: &Event) -> Value {
    let mut value = facade::event_to_value(event);
    let received = value["meta"].as_object_mut().unwrap().remove("received_at").unwrap();
    assert!(received.as_str().unwrap().ends_with('Z'), "{received}");
    value
}

#[tokio::test(start_paused = true)]
async fn packets_become_the_expected_events() {
    for kind in EVENT_KINDS {
        let script = Script::new();
        let (client, server) = connected_client(&script).await;
        let mut events = client.events();
        for case in golden_file(kind).as_array().unwrap() {
            server.send(case["packet"].as_str().unwrap());
            let event = next_event(&mut events).await;
            assert_eq!(event.name(), kind, "{kind}: {}", case["name"]);
            let seen = event_without_arrival_time(&event);
            assert_eq!(seen, case["expect"], "{kind}: {}\n{seen:#}", case["name"]);
            // Packing an event for another process and unpacking it must not change it.
            assert_eq!(facade::unpack_event(&facade::pack_event(&event)).unwrap(), event, "{kind}: {}", case["name"]);
        }
    }
}

/// Returns the options in `values`, or only the option named `only`.
fn options_from(values: &Value, only: Option<&str>) -> ClientOptions {
    let get = |name: &str| values.get(name).filter(|_| only.is_none_or(|only| only == name));
    let text = |name: &str| get(name).map(|value| value.as_str().unwrap().to_owned());
    let number = |name: &str| get(name).map(|value| value.as_f64().unwrap());
    let count = |name: &str| get(name).map(|value| value.as_i64().unwrap());
    let switch = |name: &str| get(name).map(|value| value.as_bool().unwrap());
    ClientOptions {
        url: "http://localhost".into(),
        api_key_via: text("api_key_via"),
        transports: text("transports"),
        reconnect: get("reconnect").map(|policy| {
            Some(ReconnectOptions {
                delay: policy["delay"].as_f64(),
                factor: policy["factor"].as_f64(),
                max_delay: policy["max_delay"].as_f64(),
                attempts: Some(policy["attempts"].as_i64()),
                jitter: policy["jitter"].as_f64(),
                stable_after: policy["stable_after"].as_f64(),
                max_attempts_per_minute: policy["max_attempts_per_minute"].as_i64(),
            })
        }),
        retry_first_connect: switch("retry_first_connect"),
        on_server_disconnect: text("on_server_disconnect"),
        connect_timeout: number("connect_timeout"),
        join_timeout: number("join_timeout"),
        ack_timeout: number("ack_timeout"),
        request_timeout: number("request_timeout"),
        heartbeat_interval: number("heartbeat_interval").map(Some),
        event_buffer: count("event_buffer"),
        overflow: text("overflow"),
        rate_limit: count("rate_limit").map(Some),
        backfill: text("backfill"),
        review_poll: get("review_poll").map(Value::as_f64),
        danger_accept_invalid_certs: switch("danger_accept_invalid_certs"),
        ..ClientOptions::default()
    }
}

#[test]
fn default_options_match_the_file() {
    let described = |options: ClientOptions| format!("{:?}", options.into_builder().unwrap());
    let defaults = golden_file("options");
    let wanted = described(ClientOptions { url: "http://localhost".into(), ..ClientOptions::default() });
    assert_eq!(described(options_from(&defaults, None)), wanted);
    // Each option must change the debug output, or the comparison above would prove nothing.
    let other = json!({
        "api_key_via": "auth", "transports": "polling", "retry_first_connect": true, "on_server_disconnect": "stop",
        "connect_timeout": 1, "join_timeout": 1, "ack_timeout": 1, "request_timeout": 1, "heartbeat_interval": 1,
        "event_buffer": 1, "overflow": "drop_newest", "rate_limit": 10, "backfill": "off", "review_poll": 1, "danger_accept_invalid_certs": true,
        "reconnect": {"delay": 2},
    });
    for name in defaults.as_object().unwrap().keys() {
        assert_ne!(described(options_from(&other, Some(name))), wanted, "{name}");
    }
}
