//! What the Swift and Kotlin bindings of the AutoModerate SDK call: [`automoderate::facade`] through UniFFI.
//!
//! Every function that is exported returns a `Result`, also where nothing can go wrong: UniFFI turns a panic into an
//! error where there may be one, and ends the process where there may be none. Events cross as bytes, many at once
//! ([`Packed`]); what the bytes mean is told by [`schema`], from which the types of both languages are written.

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
