//! Layer below the bindings: owned records instead of generics, streams that are polled, error codes, and the runtime.
//!
//! Not for Rust programs, which use [`Client`](crate::Client). Code that two bindings would share is here, so that
//! bindings make no decisions about the protocol. Any executor may poll the returned futures; their work runs on the
//! facade's own runtime, which never runs user code.

mod client;
mod credentials;
mod error;
mod json;
mod json_rows;
mod logs;
mod options;
mod pack;
mod runtime;
mod stream;
#[cfg(feature = "test-server")]
mod test_server;

pub use client::{FacadeClient, FacadeProject};
pub use credentials::{CredentialQueue, CredentialRequest};
pub use error::ErrorRecord;
pub use json::{event_to_json, event_to_value};
pub use json_rows::events_to_rows;
pub use logs::{LogLevel, LogRecord, forward_logs};
pub use options::{ClientOptions, KIND_NAMES, ReconnectOptions};
pub use pack::{pack_event, pack_meta, unpack_event, unpack_meta};
pub use runtime::{block_on, spawn, start};
pub use stream::{FacadeStates, FacadeStream, StateRecord};
#[cfg(feature = "test-server")]
pub use test_server::FacadeTestServer;
