//! The reference AutoModerate server: moderation, rules and real-time updates over Socket.IO.
//!
//! The server implements the documented WebSocket interface and adds *replay*. Each event that reports a change in a project, except
//! `stats_update`, is written to the project's log in the same transaction as the change, and published after the commit. The logged events
//! of a project are numbered 1, 2, 3, … by their `event_id`. A client that was disconnected can request the events that it missed.
//!
//! The command `automoderate-server serve` runs this server. Rust programs, such as tests, can also run it in their own process:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use automoderate_server::Server;
//!
//! // Uses a temporary database and a free port.
//! let server = Server::builder().demo(true).start().await?;
//! let demo = server.demo().expect("`demo(true)` was called");
//! println!("{} {} {}", server.base_url(), demo.project_id, demo.api_key);
//! server.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! # Access control
//! A request carries an API key of a project or one of the key's tokens (`X-API-Key`), or the session cookie from `/auth/login`. A request
//! that uses the cookie to change something must also carry the session's CSRF token in `X-CSRF-Token`. `GET /auth/csrf` returns this
//! token.
//!
//! The scopes of an API key (`read`, `submit`, `review`, `rules`) determine which requests it may make. Managing members, keys,
//! notifications and project settings requires a signed-in user. Members can read, submit and review. Admins can also read the project's
//! audit log, edit the project and its rules, and manage the project's members, keys and notifications. Owners can also delete the project,
//! and appoint and remove admins and owners. Only administrators of the server can manage users, read the server's audit log and notify all
//! projects. `/api/docs` lists the routes.
//!
//! Withdrawing access takes effect immediately. Affected sockets either receive `project_access_denied` and leave the room, or receive
//! `authentication_failed` and are disconnected.
//!
//! # Persistent notifications
//! A `system_notification` is logged like a `moderation_update`. A persistent notification is also sent to every socket that joins,
//! until it is withdrawn. The copy that a joining socket receives has no `event_id`, so it does not affect replay. Clients recognise the
//! copy by the `notification_id`, which it shares with the original.
//!
//! # Layers
//! `serve` starts a server and accepts its connections. `http` and `realtime` are its two interfaces: `http` passes items to `moderation`,
//! and `realtime` publishes the decisions. `store` writes changes and events with group commit: concurrent requests share a transaction, so
//! that one sync makes all of them durable. In each process, a single writer passes committed events to the publisher in the order of their
//! ids.
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod app;
mod auth;
mod client_address;
pub mod commands;
pub mod config;
mod error;
mod http;
mod ids;
mod metrics;
mod moderation;
mod nodes;
mod options;
mod rate_limiter;
mod realtime;
mod serve;
mod store;
pub mod telemetry;
mod time;

pub use error::Error;
pub use moderation::{Action, AiOptions, NewRule, RuleKind};
pub use options::{EventLog, Limits};
pub use serve::{DemoCredentials, RunningServer, Server, ServerBuilder};
pub use store::{Role, Scope};
