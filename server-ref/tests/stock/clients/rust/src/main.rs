//! A rust_socketio client that reads commands as lines of JSON from stdin and writes its events to stdout.

use std::io::{BufRead, Write};
use std::time::Duration;

use rust_socketio::client::Client;
use rust_socketio::{ClientBuilder, Event, Payload, TransportType};
use serde_json::{Value, json};

fn report_payload(event: &str, payload: &Payload) {
    let arguments = match payload {
        Payload::Text(arguments) => json!(arguments),
        _ => json!([]),
    };
    report(event, arguments);
}

fn report(event: &str, args: Value) {
    let _ = writeln!(std::io::stdout().lock(), "{}", json!({"event": event, "args": args}));
}

fn connect(command: &Value) -> Option<Client> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pairs = |value: &Value| -> Vec<(String, String)> {
        value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
    };
    let query: Vec<_> = pairs(&command["query"]).iter().map(|(name, value)| format!("{name}={value}")).collect();
    let transport = match &*text(&command["transports"].to_string().into()) {
        "[\"polling\"]" => TransportType::Polling,
        "[\"websocket\"]" => TransportType::Websocket,
        _ => TransportType::Any,
    };
    let mut builder = ClientBuilder::new(format!("{}/?{}", text(&command["url"]), query.join("&")))
        .transport_type(transport)
        .reconnect(true)
        .reconnect_delay(100, 1000)
        .on_any(|event, payload, _| report_payload(event.as_str(), &payload))
        .on(Event::Connect, |_, _| report("connect", json!([])))
        .on(Event::Close, |_, _| report("disconnect", json!(["io server disconnect"])))
        .on(Event::Error, |payload, _| match &payload {
            // Errors from the library and refused connections arrive as text. Errors from the server arrive in the form in
            // which the server sent them.
            Payload::Text(arguments) if arguments.first().is_some_and(Value::is_string) => {
                let refused = arguments[0].as_str().is_some_and(|text| text.contains("ConnectError"));
                report_payload(if refused { "connect_error" } else { "client_error" }, &payload);
            }
            payload => report_payload("error", payload),
        });
    for (name, value) in pairs(&command["headers"]) {
        builder = builder.opening_header(name, value);
    }
    builder.connect().inspect_err(|error| report("connect_error", json!([error.to_string()]))).ok()
}

fn main() {
    let mut client = None;
    for line in std::io::stdin().lock().lines() {
        let Ok(command) = line.map(|line| serde_json::from_str::<Value>(&line).unwrap_or_default()) else { break };
        match (command["do"].as_str(), &client) {
            (Some("connect"), _) => client = connect(&command),
            (Some("emit"), Some(client)) => {
                let event = command["event"].as_str().unwrap_or_default();
                let arguments = Payload::Text(command["args"].as_array().cloned().unwrap_or_default());
                let sent = match command["ack"].as_bool() {
                    Some(true) => client.emit_with_ack(event, arguments, Duration::from_secs(20), |answer, _| {
                        // The library wraps the arguments in an additional array.
                        let answer = match answer {
                            Payload::Text(mut values) if values.len() == 1 && values[0].is_array() => values.remove(0),
                            Payload::Text(values) => json!(values),
                            _ => json!([]),
                        };
                        report("ack", answer);
                    }),
                    _ => client.emit(event, arguments),
                };
                if let Err(error) = sent {
                    report("client_error", json!([error.to_string()]));
                }
            }
            (Some("disconnect"), Some(client)) => drop(client.disconnect()),
            _ => {}
        }
    }
    std::process::exit(0);
}
