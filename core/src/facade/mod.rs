//! Layer beneath the language bindings: owned records instead of generics, streams to poll, error codes and a runtime.
//!
//! Rust programs use [`Client`](crate::Client) instead. Code that two bindings would share belongs in this module, so
//! that bindings make no decisions about the protocol. Any executor may poll the futures returned by this module. The
//! work itself runs on the facade's own runtime, which never runs user code.

mod client;
mod credentials;
mod error;
mod json;
mod json_rows;
mod live_view;
mod logs;
mod options;
mod pack_as_text;
mod runtime;
mod stream;
#[cfg(feature = "test-server")]
mod test_server;

pub use client::{FacadeClient, FacadeProject};
pub use credentials::{CredentialQueue, CredentialRequest};
pub use error::ErrorRecord;
pub use json::{event_to_json, event_to_value};
pub use json_rows::events_to_rows;
pub use live_view::FacadeLiveView;
pub use logs::{LogLevel, LogRecord, forward_logs};
pub use options::{ClientOptions, KIND_NAMES, ReconnectOptions};
pub use pack_as_text::{pack_event, pack_meta, unpack_event, unpack_meta};
pub use runtime::{block_on, run_on_runtime, spawn_detached};
pub use stream::{FacadeStates, FacadeStream, StateRecord};
#[cfg(feature = "test-server")]
pub use test_server::FacadeTestServer;
