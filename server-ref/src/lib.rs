//! The reference AutoModerate server: moderation, rules and real-time updates over Socket.IO.
//!
//! The server implements the documented WebSocket interface, and adds *replay*. It writes every event worth keeping to its
//! project's log, in the transaction of the change that the event reports; `event_id` counts 1, 2, 3, … within the project. It
//! publishes the event after the commit. A client that was away requests the events that it missed.
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
//! # Who may do what
//! Requests carry a project's API key (`X-API-Key`) or the session cookie of `/auth/login`. Requests that change something with
//! the cookie must send the session's CSRF token, from `GET /auth/csrf`, as `X-CSRF-Token`. A key may do what its scopes allow:
//! `read`, `submit`, `review`, `rules`. People, keys, notifications and the project itself are for signed-in users: members read,
//! submit and review; admins also edit; owners also delete, and make admins and owners. Users, and notifications to all projects,
//! are for administrators of the server. `/api/docs` lists the routes.
//!
//! Withdrawn access ends at once: sockets receive `project_access_denied` and leave the room, or receive
//! `authentication_failed` and are disconnected.
//!
//! # Persistent notifications
//! A `system_notification` is logged like any event. A persistent notification is also sent to every socket that joins, until it
//! is withdrawn: without an `event_id`, so that replay is not disturbed, and with its original `notification_id`, by which a
//! client recognises it.
//!
//! # Layers
//! `serve` starts a server and accepts its connections. `http` and `realtime` are its two interfaces: requests to moderate come through
//! `http` to `moderation`, and `realtime` publishes the decisions. `store` writes both with [group
//! commit](https://www.sqlite.org/wal.html): concurrent requests share a transaction, so that durability costs one sync for all
//! of them, and a single writer hands committed events to the publisher in the order of their ids.
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod address;
mod app;
mod auth;
pub mod commands;
pub mod config;
mod error;
mod http;
mod ids;
mod metrics;
mod moderation;
mod nodes;
mod options;
mod rate;
mod realtime;
mod serve;
mod store;
pub mod telemetry;
mod time;

pub use error::Error;
pub use moderation::{Action, AiOptions, NewRule, RuleKind};
pub use options::{EventLog, Limits};
pub use serve::{Demo, RunningServer, Server, ServerBuilder};
pub use store::{Role, Scope};
