//! rust_socketio reads the events of the sender in `receive_path`, and prints the cost: `peers PORT PROJECT EVENTS`.
//!
//! Used as its documentation shows: the blocking client with a callback, which receives a tree of values; the
//! application makes its struct from that.

#[path = "../../receive_path/usage.rs"]
#[allow(dead_code, reason = "of the endurance, which uses all of it")]
mod usage;

use std::{
    hint::black_box,
    sync::{Mutex, mpsc},
};

use rust_socketio::{ClientBuilder, Event, Payload, TransportType};
use serde::Deserialize;
use serde_json::{Value, json};
use usage::Meter;

/// The fields that every reader looks at.
#[derive(Deserialize)]
#[allow(dead_code, reason = "they are looked at through black_box")]
struct Update {
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
struct Seen {
    meter: Meter,
    events: usize,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().expect("PORT PROJECT EVENTS");
    let (port, project) = (argument(), argument());
    let events: usize = argument().parse().expect("a number of events");
    let (done, end) = mpsc::channel();
    let seen = Mutex::new(Seen::default());
    let client = ClientBuilder::new(format!("http://127.0.0.1:{port}/"))
        .transport_type(TransportType::Websocket)
        // An emit right after `connect` is lost.
        .on(Event::Connect, move |_, socket| {
            socket.emit("join_project", json!({"project_id": project})).expect("sent");
        })
        .on("moderation_update", move |payload, _| {
            let mut seen = seen.lock().expect("one callback at a time");
            seen.meter.start();
            let Payload::Text(mut values) = payload else { panic!("{payload:?}") };
            let update: Update = serde_json::from_value(values.remove(0)).expect("an update");
            black_box(&update);
            seen.events += 1;
            if seen.events == events {
                done.send(seen.meter.stop(events)).expect("somebody waits");
            }
        })
        .connect()
        .expect("a connection");
    let cost = end.recv().expect("all events");
    println!("{} {}", cost.events_per_second, cost.cpu_micros_per_event);
    // Its threads would keep running.
    drop(client);
    std::process::exit(0);
}
