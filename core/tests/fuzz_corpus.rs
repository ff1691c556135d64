//! Runs each fuzz target on its corpus and on pseudo-random mutations of it.

#[path = "../fuzz/bodies.rs"]
mod bodies;

use std::{fs, path::Path};

use rand::{RngExt, SeedableRng, rngs::SmallRng};

/// Number of mutated copies of each input.
const MUTATIONS_PER_INPUT: usize = 400;

fn run_corpus(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(&folder).expect("a corpus").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    let inputs: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).expect("an input")).collect();
    let mut random = SmallRng::seed_from_u64(1);
    for input in &inputs {
        body(input);
        for _ in 0..MUTATIONS_PER_INPUT {
            let mut changed = input.clone();
            for _ in 0..random.random_range(1..4) {
                mutate(&mut changed, &inputs, &mut random);
            }
            body(&changed);
        }
    }
}

/// Applies one mutation as a fuzzer would: changes, inserts, removes, or repeats bytes, or replaces the end with the
/// end of another input.
fn mutate(input: &mut Vec<u8>, others: &[Vec<u8>], random: &mut SmallRng) {
    let at = random.random_range(0..=input.len());
    match random.random_range(0..6) {
        0 if at < input.len() => input[at] = random.random_range(0..128),
        1 => input.truncate(at),
        2 => input.insert(at, random.random_range(0..128)),
        3 => {
            let end = (at + random.random_range(0..16)).min(input.len());
            input.drain(at..end);
        }
        4 => {
            let end = (at + random.random_range(0..64)).min(input.len());
            let piece = input[at..end].to_vec();
            input.splice(at..at, piece);
        }
        _ => {
            let other = &others[random.random_range(0..others.len())];
            let from = random.random_range(0..=other.len());
            input.truncate(at);
            input.extend(&other[from..]);
        }
    }
}

#[test]
fn engine_io_packet_corpus() {
    run_corpus("eio_packet", bodies::eio_packet);
}

#[test]
fn polling_payload_corpus() {
    run_corpus("eio_payload", bodies::eio_payload);
}

#[test]
fn socket_io_packet_corpus() {
    run_corpus("sio_decode", bodies::sio_decode);
}

#[test]
fn event_corpus() {
    run_corpus("event_decode", bodies::event_decode);
}

#[test]
fn session_corpus() {
    run_corpus("session", bodies::session);
}

#[test]
fn login_form_corpus() {
    run_corpus("login_form", bodies::login_form);
}
