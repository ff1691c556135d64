//! What was not taken, and what it would cost: other JSON parsers, and compressed frames. `make bench-alternatives`.
//!
//! Each parser fills the struct that the loop by hand of `receive_path` fills, from the text of the same events; `meta_data` is
//! passed over, which each of them can. Compression is that of `permessage-deflate` with its context kept, as zlib has it.
//! Nanoseconds per event: the best of some rounds, since this is one thread that waits for nobody.

#[path = "../../../samples/mod.rs"]
mod samples;

use std::{hint::black_box, time::Instant};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use serde::{Deserialize, de::IgnoredAny};

const EVENTS: usize = 20_000;
const ROUNDS: usize = 15;

#[derive(Deserialize)]
#[allow(dead_code, reason = "they are looked at through black_box")]
struct Update {
    content_id: String,
    project_id: String,
    status: String,
    content_type: String,
    content_preview: String,
    meta_data: IgnoredAny,
    results_count: u64,
    processing_time: f64,
    moderator_type: String,
    moderator_name: String,
    rule_name: Option<String>,
    timestamp: String,
    event_id: Option<u64>,
}

/// The best of the rounds, in nanoseconds for each event.
fn measure(what: &str, mut all: impl FnMut()) {
    let best = (0..=ROUNDS).map(|_| {
        let started = Instant::now();
        all();
        started.elapsed()
    });
    let best = best.min().expect("some rounds");
    println!("| {what} | {:.0} |", best.as_nanos() as f64 / EVENTS as f64);
}

fn main() {
    let number = |text: &str, id: usize| text.replace("174000", &format!("{:06}", id * 7919 % 1_000_000));
    let documented: Vec<String> =
        (0..EVENTS).map(|id| number(&samples::documented_update(&format!(r#","event_id":{id}"#)), id)).collect();
    let deployed = vec![samples::DEPLOYED_UPDATE.to_owned(); EVENTS];
    println!("| what, ns per event | |\n|---|--:|");
    for (name, events) in [("documented", &documented), ("deployed servers'", &deployed)] {
        measure(&format!("{name}: serde_json"), || {
            for event in events {
                black_box(serde_json::from_str::<Update>(event).expect("an update"));
            }
        });
        measure(&format!("{name}: sonic-rs"), || {
            for event in events {
                black_box(sonic_rs::from_str::<Update>(event).expect("an update"));
            }
        });
        let mut buffers = simd_json::Buffers::default();
        let mut text = Vec::new();
        measure(&format!("{name}: simd-json, with the copy that it writes over"), || {
            for event in events {
                text.clear();
                text.extend_from_slice(event.as_bytes());
                black_box(
                    simd_json::serde::from_slice_with_buffers::<Update>(&mut text, &mut buffers).expect("an update"),
                );
            }
        });
    }
    deflate(&documented);
}

/// Frame by frame, as a server would send them, each flushed.
fn deflate(events: &[String]) {
    let frames: Vec<String> =
        events.iter().map(|event| format!("4{}", samples::message("moderation_update", event))).collect();
    let bytes: usize = frames.iter().map(String::len).sum();
    let mut packed: Vec<Vec<u8>> = Vec::new();
    measure("deflate: packing a frame, which is the server's", || {
        let mut compress = Compress::new(Compression::default(), false);
        packed = frames
            .iter()
            .map(|frame| {
                let mut out = Vec::with_capacity(1024);
                compress.compress_vec(frame.as_bytes(), &mut out, FlushCompress::Sync).expect("packed");
                out
            })
            .collect();
    });
    let mut out = Vec::with_capacity(1024);
    measure("deflate: unpacking it, which is the client's", || {
        let mut decompress = Decompress::new(false);
        for frame in &packed {
            out.clear();
            decompress.decompress_vec(frame, &mut out, FlushDecompress::Sync).expect("unpacked");
            black_box(&out);
        }
    });
    assert_eq!(out, frames.last().expect("frames").as_bytes(), "what was packed");
    let size = packed.iter().map(Vec::len).sum::<usize>() as f64 / events.len() as f64;
    println!("\nA frame of {} bytes is {size:.0} when packed.", bytes / events.len());
}
