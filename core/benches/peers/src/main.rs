//! Uses rust_socketio to receive events from the sender of `receive_path`, and prints the events per second and the CPU
//! time per event. Usage: `peers PORT PROJECT EVENTS`.
//!
//! The program follows the library's documentation: a blocking client passes a tree of JSON values to a callback, which
//! fills the application's struct from the tree.

#[path = "../../receive_path/usage.rs"]
#[allow(dead_code, reason = "only the endurance benchmark uses all of it")]
mod usage;

use std::{
    hint::black_box,
    sync::{Mutex, mpsc},
};

use rust_socketio::{ClientBuilder, Event, Payload, TransportType};
use serde::Deserialize;
use serde_json::{Value, json};
use usage::CostMeter;

/// The fields that every reader reads.
#[derive(Deserialize)]
#[allow(dead_code, reason = "the fields are read only through black_box")]
struct ParsedUpdate {
    content_id: String,
    project_id: String,
    status: String,
    content_type: String,
    content_preview: String,
    meta_data: Option<Value>,
    results_count: u64,
    processing_time: f64,
    moderator_type: String,
    moderator_name: String,
    rule_name: Option<String>,
    timestamp: String,
    event_id: Option<u64>,
}

#[derive(Default)]
struct ReceiveProgress {
    meter: CostMeter,
    events: usize,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().expect("PORT PROJECT EVENTS");
    let (port, project) = (argument(), argument());
    let events: usize = argument().parse().expect("a number of events");
    let (done, end) = mpsc::channel();
    let seen = Mutex::new(ReceiveProgress::default());
    let client = ClientBuilder::new(format!("http://127.0.0.1:{port}/"))
        .transport_type(TransportType::Websocket)
        // The join is sent from this callback, because an event emitted right after `connect` returns would be lost.
        .on(Event::Connect, move |_, socket| {
            socket.emit("join_project", json!({"project_id": project})).expect("sent");
        })
        .on("moderation_update", move |payload, _| {
            let mut seen = seen.lock().expect("one callback at a time");
            seen.meter.start();
            let Payload::Text(mut values) = payload else { panic!("{payload:?}") };
            let update: ParsedUpdate = serde_json::from_value(values.remove(0)).expect("an update");
            black_box(&update);
            seen.events += 1;
            if seen.events == events {
                done.send(seen.meter.stop(events)).expect("the main thread is waiting");
            }
        })
        .connect()
        .expect("a connection");
    let cost = end.recv().expect("all events");
    println!("{} {}", cost.events_per_second, cost.cpu_micros_per_event);
    // End the process without waiting for the client's threads.
    drop(client);
    std::process::exit(0);
}
