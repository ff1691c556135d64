//! Benchmark that decodes events from the text of their frames, without a connection.

#[path = "samples/mod.rs"]
mod samples;

use std::hint::black_box;

use automoderate::{
    Event, Origin,
    events::{self, Arrival},
    sio,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Decodes the text of an Engine.IO message as the session's machine does.
fn decode(message: &str) -> Event {
    let packet = sio::decode(message).expect("a packet");
    let (name, arguments) = sio::split_event(packet.data).expect("an event");
    events::decode(&name, arguments, Arrival { origin: Origin::Live, at: jiff::Timestamp::UNIX_EPOCH })
}

/// Baseline: a struct with exactly the fields of the documented `moderation_update` and the event id, deserialized by
/// serde alone.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields exist only to be filled")]
struct ExpectedUpdate {
    content_id: String,
    project_id: String,
    status: String,
    content_type: String,
    content_preview: String,
    meta_data: Option<Box<RawValue>>,
    results_count: u64,
    processing_time: f64,
    moderator_type: String,
    moderator_name: String,
    rule_name: Option<String>,
    timestamp: String,
    event_id: Option<u64>,
}

fn decode_by_hand(message: &str) -> ExpectedUpdate {
    let data = message.strip_prefix(r#"2["moderation_update","#).and_then(|rest| rest.strip_suffix(']'));
    serde_json::from_str(data.expect("an update")).expect("its fields")
}

fn decode_benches(criterion: &mut Criterion) {
    let documented = samples::documented_update(r#","event_id":4711"#);
    let samples = [
        ("moderation_update", documented.clone()),
        ("moderation_update", samples::DEPLOYED_UPDATE.to_owned()),
        ("stats_update", samples::STATS_UPDATE.to_owned()),
    ];
    let titles = ["documented moderation_update", "deployed moderation_update", "stats_update"];
    let mut group = criterion.benchmark_group("decode");
    for (title, (name, data)) in titles.into_iter().zip(samples) {
        let message = samples::socket_io_message(name, &data);
        assert_eq!(decode(&message).name(), name, "{message}");
        group.throughput(Throughput::Bytes(message.len() as u64));
        group.bench_function(title, |bencher| bencher.iter(|| decode(black_box(&message))));
    }
    let message = samples::socket_io_message("moderation_update", &documented);
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.bench_function("documented moderation_update, by hand", |bencher| {
        bencher.iter(|| decode_by_hand(black_box(&message)));
    });
    group.finish();
}

criterion_group!(all, decode_benches);
criterion_main!(all);
