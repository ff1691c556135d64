//! Apart from [`EXCEPTIONS`], each layer of the crate imports only from lower layers, and only `driver`, `rest` and
//! `testing` do I/O.
//!
//! The layers below `driver` receive time and randomness as arguments, and start no tasks. `clippy.toml` forbids clocks,
//! randomness and tasks outside `driver`, except where the code states a reason.

use std::{collections::HashMap, fs, path::Path};

/// Layers from lowest to highest. Layers in the same row must not import one another.
const LAYERS: [&[&str]; 8] = [
    &["error", "json_byte_search"],
    &["eio", "sio", "events"],
    &["session"],
    &["delivery"],
    &["driver"],
    &["rest"],
    &["client"],
    &["facade", "testing"],
];

/// Layers that receive time and randomness as arguments, and start no tasks.
const PURE_LAYERS: [&str; 7] = ["error", "json_byte_search", "eio", "sio", "events", "session", "delivery"];

const IO_CRATES_AND_MODULES: [&str; 14] = [
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "tokio::fs",
    "tokio::io",
    "tokio::net",
    "tokio::process",
    "reqwest",
    "hyper",
    "hyper_util",
    "rustls_native_certs",
    "tokio_rustls",
    "tokio_tungstenite",
];

const CLOCKS_AND_TASKS: [&str; 12] = [
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "rand::random",
    "rand::rng",
    "thread_rng",
    "tokio::time",
    "tokio::spawn",
    "tokio::task",
    "tokio::runtime",
    "std::thread",
];

/// Allowed violations: file, imported path, and the reason in a comment.
const EXCEPTIONS: [(&str, &str); 3] = [
    // The system sleep that tests simulate; compiled only with the feature `testing`.
    ("driver/timer.rs", "crate::testing::simulated_sleep"),
    // A forked child is recognised by its process id, and reading that id does no I/O.
    ("facade/runtime.rs", "std::process::id"),
    // The loopback server for tests of programs in other languages.
    ("facade/test_server.rs", "crate::testing::Server"),
];

#[test]
fn imports_io_and_clocks_stay_in_their_layers() {
    let sources = source_files();
    assert!(sources.len() > 80, "{}", sources.len());
    let root = &sources.iter().find(|(name, _)| name == "lib.rs").unwrap().1;
    let exported = exported_names(root);
    let mut wrong = Vec::new();
    for (name, text) in &sources {
        let Some(layer) = layer_of(name) else { continue };
        let paths = imported_paths(text);
        let allowed = |path: &str| EXCEPTIONS.contains(&(name.as_str(), path));
        wrong.extend(
            paths
                .iter()
                .filter(|path| !allowed(path))
                .filter_map(|path| violation(layer, path, &exported))
                .map(|complaint| format!("{name}: {complaint}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn violations_are_found() {
    let exported = HashMap::from([("Client".to_owned(), "client".to_owned())]);
    let found = |layer, text: &str| {
        imported_paths(&strip_comments_and_tests(text))
            .iter()
            .filter_map(|path| violation(layer, path, &exported))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found("events", "use crate::{Client, error::Error};"),
        ["crate::Client is of client, which is not a lower layer"]
    );
    assert_eq!(
        found("session", "fn f() { crate::driver::now() }"),
        ["crate::driver::now is of driver, which is not a lower layer"]
    );
    assert_eq!(found("sio", "use crate::eio::Packet;"), ["crate::eio::Packet is of eio, which is not a lower layer"]);
    assert_eq!(found("client", "use std::{fmt, fs::File};"), ["std::fs::File does I/O"]);
    assert_eq!(found("rest", "use reqwest::Method;"), [""; 0]);
    assert_eq!(found("delivery", "let at = jiff::Timestamp::now();"), ["jiff::Timestamp::now must be an argument"]);
    assert_eq!(found("session", "let n: u8 = rand::random();"), ["rand::random must be an argument"]);
    assert_eq!(found("session", "fn f() { tokio::spawn(g()); }"), ["tokio::spawn must be an argument"]);
    assert_eq!(found("driver", "let at = Instant::now();"), [""; 0]);
    assert_eq!(
        found("events", "/// [`Client`](crate::Client)\n#[cfg(test)]\nmod tests { use crate::Client; }"),
        [""; 0]
    );
}

fn violation(layer: &str, path: &str, exported: &HashMap<String, String>) -> Option<String> {
    if let Some(rest) = path.strip_prefix("crate::") {
        let first = rest.split("::").next()?;
        let of = if layer_level(first).is_some() { first } else { exported.get(first)? };
        let is_below = of == layer || layer_level(of) < layer_level(layer);
        return (!is_below).then(|| format!("{path} is of {of}, which is not a lower layer"));
    }
    let starts = |with: &str| path.strip_prefix(with).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    if !["driver", "rest", "testing"].contains(&layer) && IO_CRATES_AND_MODULES.iter().any(|io| starts(io)) {
        return Some(format!("{path} does I/O"));
    }
    let reads = |clock: &str| starts(clock) || path.ends_with(&format!("::{clock}"));
    (PURE_LAYERS.contains(&layer) && CLOCKS_AND_TASKS.iter().any(|clock| reads(clock)))
        .then(|| format!("{path} must be an argument"))
}

fn layer_level(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|layers| layers.contains(&layer))
}

/// Returns the layer of a file; `None` for the crate root.
fn layer_of(name: &str) -> Option<&str> {
    let first = name.split(['/', '.']).next()?;
    let layer = LAYERS.iter().flat_map(|layers| layers.iter()).find(|layer| **layer == first);
    assert!(layer.is_some() || name == "lib.rs", "{name} is in no layer");
    layer.copied()
}

/// Returns the names that the crate root exports, each with its layer.
fn exported_names(root: &str) -> HashMap<String, String> {
    let uses = root.split("pub use ").skip(1).filter_map(|text| text.split(';').next());
    let paths = uses.flat_map(|text| imported_paths(&format!("{text};")));
    let pairs = paths.filter_map(|path| {
        let (layer, rest) = path.split_once("::")?;
        Some((rest.rsplit("::").next()?.to_owned(), layer.to_owned()))
    });
    pairs.collect()
}

/// Returns the name of every source file except test files, and its code without comments and unit tests.
fn source_files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            let is_test = name.starts_with("simulation") || name.ends_with("/tests") || name.ends_with("/tests.rs");
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if name.ends_with(".rs") && !is_test {
                all.push((name, strip_comments_and_tests(&fs::read_to_string(path).unwrap())));
            }
        }
    }
    all
}

/// Removes comments, and the unit tests at the end of a file.
fn strip_comments_and_tests(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().map(|line| match line.trim_start().starts_with("//") {
        true => "",
        false => line.split(" // ").next().unwrap_or_default(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns all paths of at least two segments, with groups in braces expanded.
fn imported_paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word_char) {
        rest = &rest[start..];
        rest = read_path("", rest, &mut found);
    }
    found
}

/// Reads the path or the group of paths that continues `prefix`, adds each complete path to `found`, and returns the
/// remaining text.
fn read_path<'t>(prefix: &str, text: &'t str, found: &mut Vec<String>) -> &'t str {
    let end = text.find(|c| !is_word_char(c)).unwrap_or(text.len());
    let (word, mut rest) = text.split_at(end);
    let path = if prefix.is_empty() { word.to_owned() } else { format!("{prefix}::{word}") };
    let Some(next) = rest.strip_prefix("::") else {
        found.extend(Some(path).filter(|path| path.contains("::")));
        return rest;
    };
    if next.starts_with(is_word_char) {
        return read_path(&path, next, found);
    }
    let Some(group) = next.strip_prefix('{') else {
        found.push(path);
        return next;
    };
    rest = group.trim_start();
    while !rest.is_empty() && !rest.starts_with('}') {
        rest = match rest.starts_with(is_word_char) {
            true => read_path(&path, rest, found),
            false => &rest[rest.chars().next().map_or(1, char::len_utf8)..],
        };
    }
    rest.strip_prefix('}').unwrap_or(rest)
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
