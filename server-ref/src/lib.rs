//! The reference AutoModerate server: moderation, rules and real-time updates over Socket.IO.
//!
//! It does what the documentation of the WebSocket interface says, and adds *replay*: every event worth keeping is
//! written to its project's log in the transaction that makes it true, counted 1, 2, 3, … by `event_id`, and published
//! after the commit. A client that was away asks for what it missed.
//!
//! The binary is `automoderate-server serve`; a program or a test can run the same server in its own process:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use automoderate_server::Server;
//!
//! let server = Server::builder().demo(true).start().await?; // a temporary database, a free port
//! let demo = server.demo().expect("asked for");
//! println!("{} {} {}", server.base_url(), demo.project_id, demo.api_key);
//! server.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! # Layers
//! `http` and `realtime` are the two faces; both call `moderation` and `store`. A moderation is one [group
//! commit](https://www.sqlite.org/wal.html): concurrent requests share a transaction, so that durability costs one sync for all
//! of them, and a single writer hands what was committed to the publisher in the order of its ids.
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod address;
mod app;
mod auth;
pub mod config;
mod error;
mod http;
mod ids;
mod moderation;
mod options;
mod realtime;
mod store;
pub mod telemetry;
mod time;

pub use app::{Demo, RunningServer, Server, ServerBuilder};
pub use error::Error;
pub use moderation::{Action, AiOptions, NewRule, RuleKind};
pub use options::{EventLog, Limits};
pub use store::Role;
