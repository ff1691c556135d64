//! rust_socketio, controlled by lines of JSON on stdin; its events go to stdout.

use std::io::{BufRead, Write};
use std::time::Duration;

use rust_socketio::client::Client;
use rust_socketio::{ClientBuilder, Event, Payload, TransportType};
use serde_json::{Value, json};

fn say(event: &str, payload: &Payload) {
    let arguments = match payload {
        Payload::Text(arguments) => json!(arguments),
        _ => json!([]),
    };
    tell(event, arguments);
}

fn tell(event: &str, args: Value) {
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
        .on_any(|event, payload, _| say(event.as_str(), &payload))
        .on(Event::Connect, |_, _| tell("connect", json!([])))
        .on(Event::Close, |_, _| tell("disconnect", json!(["io server disconnect"])))
        .on(Event::Error, |payload, _| match &payload {
            // Its own errors and a refused connection come as text; the server's errors come as sent.
            Payload::Text(arguments) if arguments.first().is_some_and(Value::is_string) => {
                let refused = arguments[0].as_str().is_some_and(|text| text.contains("ConnectError"));
                say(if refused { "connect_error" } else { "client_error" }, &payload);
            }
            payload => say("error", payload),
        });
    for (name, value) in pairs(&command["headers"]) {
        builder = builder.opening_header(name, value);
    }
    builder.connect().inspect_err(|error| tell("connect_error", json!([error.to_string()]))).ok()
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
                        // One level of array too many.
                        let answer = match answer {
                            Payload::Text(mut values) if values.len() == 1 && values[0].is_array() => values.remove(0),
                            Payload::Text(values) => json!(values),
                            _ => json!([]),
                        };
                        tell("ack", answer);
                    }),
                    _ => client.emit(event, arguments),
                };
                if let Err(error) = sent {
                    tell("client_error", json!([error.to_string()]));
                }
            }
            (Some("disconnect"), Some(client)) => drop(client.disconnect()),
            _ => {}
        }
    }
    std::process::exit(0);
}
