//! The Node binding: a thin layer over `automoderate::facade`.
//!
//! Events and most results are passed to JavaScript as JSON text, because V8 parses JSON faster than Rust can build
//! objects field by field. The SDK's threads put results into a `completions::CompletionQueue`, and a single call
//! wakes Node's thread for all queued results. The TypeScript code in `lib/` creates promises, keeps the event loop
//! running, and checks arguments.

#![allow(missing_debug_implementations)] // only JavaScript uses these types

mod client;
mod completions;
mod credentials;
mod encoded_batch;
mod errors;
mod json_results;
mod live_view;
mod options;
mod project;
mod stream;
mod test_server;
