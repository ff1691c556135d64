//! What bindings call: owned records instead of generics, streams that are pulled, error codes, and the runtime.
//!
//! Not for programs in Rust, which use [`Client`](crate::Client) itself. Everything that two languages would both write
//! is written here once, so that a binding's functions hold no decision about the protocol. Futures returned from here
//! may be polled by any executor; their work runs on the facade's own runtime. No user code runs there.

mod client;
mod credentials;
mod error;
mod json;
mod logs;
mod options;
mod pack;
mod rows;
mod runtime;
mod stream;
#[cfg(feature = "test-server")]
mod test_server;

pub use client::{FacadeClient, FacadeProject};
pub use credentials::{CredentialQueue, CredentialRequest};
pub use error::ErrorRecord;
pub use json::{event_to_json, event_to_value};
pub use logs::{LogLevel, LogRecord, forward_logs};
pub use options::{ClientOptions, KIND_NAMES, ReconnectOptions};
pub use pack::{pack_event, pack_meta, unpack_event, unpack_meta};
pub use rows::events_to_rows;
pub use runtime::{block_on, spawn, start};
pub use stream::{FacadeStates, FacadeStream, StateRecord};
#[cfg(feature = "test-server")]
pub use test_server::FacadeTestServer;
