//! The Node binding: a thin layer over `automoderate::facade`.
//!
//! Data is passed to JavaScript as JSON text, because V8 parses text faster than Rust can build objects field by field.
//! The SDK's threads put results into a [`completions::CompletionQueue`], and one call wakes Node's thread for all of
//! them. The TypeScript code in `lib/` creates the promises, keeps the event loop running, and checks arguments.

#![allow(missing_debug_implementations)] // only JavaScript uses these types

mod chunk;
mod client;
mod completions;
mod credentials;
mod errors;
mod json_results;
mod options;
mod project;
mod stream;
mod test_server;
