//! The cost of rejected alternatives, for `cargo xtask bench alternatives`: other JSON parsers, and compressed frames.
//!
//! Each parser fills the same struct as the hand-written loop in `receive_path`, but skips `meta_data`. Frames are
//! compressed as in `permessage-deflate` with a context that persists across frames. The results are the nanoseconds
//! per event in the fastest of several rounds. The fastest round is the most accurate, because other work on the
//! machine can only slow down a thread that never waits.

#[path = "../../../samples/mod.rs"]
mod samples;

use std::{hint::black_box, time::Instant};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use serde::{Deserialize, de::IgnoredAny};

const EVENTS: usize = 20_000;
const ROUNDS: usize = 15;

#[derive(Deserialize)]
#[allow(dead_code, reason = "the fields are read only through black_box")]
struct ParsedUpdate {
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

/// Prints the nanoseconds per event in the fastest round.
fn measure(what: &str, mut parse_all: impl FnMut()) {
    let best = (0..=ROUNDS).map(|_| {
        let started = Instant::now();
        parse_all();
        started.elapsed()
    });
    let best = best.min().expect("some rounds");
    println!("| {what} | {:.0} |", best.as_nanos() as f64 / EVENTS as f64);
}

fn main() {
    let documented: Vec<String> = (0..EVENTS as u64).map(documented_event).collect();
    let deployed = vec![samples::DEPLOYED_UPDATE.to_owned(); EVENTS];
    println!("| what, ns per event | |\n|---|--:|");
    for (name, events) in [("documented", &documented), ("deployed servers'", &deployed)] {
        measure(&format!("{name}: serde_json"), || {
            for event in events {
                black_box(serde_json::from_str::<ParsedUpdate>(event).expect("an update"));
            }
        });
        measure(&format!("{name}: sonic-rs"), || {
            for event in events {
                black_box(sonic_rs::from_str::<ParsedUpdate>(event).expect("an update"));
            }
        });
        let mut buffers = simd_json::Buffers::default();
        let mut text = Vec::new();
        measure(&format!("{name}: simd-json, with the copy that it writes over"), || {
            for event in events {
                text.clear();
                text.extend_from_slice(event.as_bytes());
                black_box(
                    simd_json::serde::from_slice_with_buffers::<ParsedUpdate>(&mut text, &mut buffers)
                        .expect("an update"),
                );
            }
        });
    }
    measure_deflate(&documented);
}

/// Returns the documented event with an event id, a content id and a preview that depend on `number`.
fn documented_event(number: u64) -> String {
    const WORDS: &str = "the release is out and nobody told me how to change my avatar before it starts why does this page take so long \
                         great article well written thanks that worked where can I ask for my money back please call me tomorrow";
    let words: Vec<&str> = WORDS.split(' ').collect();
    let mut state = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 16
    };
    let preview: Vec<&str> = (0..7).map(|_| words[next() as usize % words.len()]).collect();
    samples::documented_update(&format!(r#","event_id":{number}"#))
        .replace(
            "123e4567-e89b-12d3-a456-426614174000",
            &format!("{:08x}-{:04x}-7{:03x}-a456-{:012x}", next() as u32, next() as u16, next() & 0xfff, next()),
        )
        .replace("This is some content to moderate...", &preview.join(" "))
}

/// Measures compression and decompression frame by frame. Each frame is flushed, as a server would do before sending
/// it.
fn measure_deflate(events: &[String]) {
    let frames: Vec<String> =
        events.iter().map(|event| format!("4{}", samples::socket_io_message("moderation_update", event))).collect();
    let bytes: usize = frames.iter().map(String::len).sum();
    let mut packed: Vec<Vec<u8>> = Vec::new();
    measure("deflate: packing a frame, as the server does", || {
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
    measure("deflate: unpacking it, as the client does", || {
        let mut decompress = Decompress::new(false);
        for frame in &packed {
            out.clear();
            decompress.decompress_vec(frame, &mut out, FlushDecompress::Sync).expect("unpacked");
            black_box(&out);
        }
    });
    assert_eq!(out, frames.last().expect("frames").as_bytes(), "unpacking must restore the frame");
    let size = packed.iter().map(Vec::len).sum::<usize>() as f64 / events.len() as f64;
    println!("\nA frame of {} bytes is {size:.0} when packed.", bytes / events.len());
}
