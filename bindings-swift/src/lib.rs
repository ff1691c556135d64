//! Rust part of the Swift and Kotlin bindings for the AutoModerate SDK. It exports [`automoderate::facade`] through
//! UniFFI.
//!
//! Every exported function returns a `Result`, even if it can't fail: UniFFI turns a panic in a fallible function into
//! an error, but a panic in an infallible function ends the process. Swift receives events in packed batches
//! ([`PackedValues`]). [`schema`] defines the packed format, and the Swift types are generated from the schema.

#![allow(unsafe_code)] // UniFFI's macros generate `extern "C"` functions

mod batch;
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

pub use batch::{NativeBatchItem, NativeBatchResult};
pub use cancellation::Cancellation;
pub use client::{NativeClient, NativeMetrics};
pub use credentials::{NativeCredentialAnswer, NativeCredentialRequest, NativeCredentialRequests};
pub use error::{NativeError, NativeErrorRecord, fail_on_purpose, fail_on_purpose_async};
pub use options::{
    NativeClientCertificate, NativeInterval, NativeLimit, NativeNameValue, NativeOptions, NativeReconnect,
};
pub use packed::{PackedValues, library_fingerprint};
pub use project::NativeProject;
pub use stream::{NativeLosses, NativeState, NativeStates, NativeStream};
pub use test_server::NativeTestServer;

uniffi::setup_scaffolding!("automoderate");
