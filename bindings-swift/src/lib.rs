//! The Rust part of the Swift and Kotlin bindings of the AutoModerate SDK: [`automoderate::facade`] through UniFFI.
//!
//! Every exported function returns a `Result`, even if it can't fail: UniFFI turns a panic into an error in a fallible
//! function, and ends the process in an infallible one. Events cross as bytes, many at once ([`Packed`]); [`schema`]
//! defines their meaning, and both languages' types are generated from it.

#![allow(unsafe_code)] // UniFFI's macros write `extern "C"` functions

mod cancellation;
mod client;
mod credentials;
mod error;
mod options;
mod packed;
mod project;
pub mod schema;
mod stream;
mod test_server;

pub use cancellation::Cancellation;
pub use client::{NativeClient, NativeMetrics};
pub use credentials::{NativeAnswer, NativeCredentials, NativeRequest};
pub use error::{Fault, NativeError, fail_on_purpose, fail_on_purpose_later};
pub use options::{NativeIdentity, NativeLimit, NativeOptions, NativePair, NativePause, NativeReconnect};
pub use packed::{Packed, fingerprint};
pub use project::NativeProject;
pub use stream::{NativeLosses, NativeState, NativeStates, NativeStream};
pub use test_server::NativeTestServer;

uniffi::setup_scaffolding!("automoderate");
