//! Typed, loss-free real-time moderation updates from AutoModerate servers.
//!
//! A [`Client`] joins projects, returns their events as streams, and reconnects by itself. On servers with an event
//! log, every event reaches every stream once and in order; unrecoverable loss appears in the stream as a [`Gap`] or
//! [`Lagged`].
//!
//! ```no_run
//! use automoderate::{Client, Event};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), automoderate::Error> {
//! let client = Client::builder("http://localhost:6217").api_key("am_…").connect().await?;
//! let project = client.join("proj_1").await?;
//! let mut events = project.events();
//! while let Some(event) = events.next().await {
//!     if let Event::ModerationUpdate(update) = event? {
//!         println!("{} is {}", update.content_preview, update.status);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//! | feature | default | adds |
//! |---|:-:|---|
//! | `rest` | ✓ | REST calls, backfill by REST on servers without an event log, `review_poll`, and login by email and password, which is an HTTP form. Uses reqwest |
//! | `polling` | ✓ | HTTP long-polling. Without it, `Transports::Auto` uses WebSocket only. Uses reqwest |
//! | `tls-ring` | ✓ | ring's cryptography for TLS |
//! | `test-server` | | `testing::Server`, a server on loopback |
//! | `testing` | | all of `testing`: a scripted server and a manual clock as well |
//! | `facade`, `protocol` | | the layer below the bindings, and the codecs. Both may change in any version |
//!
//! Without `tls-ring`, TLS uses the process's default provider (`rustls::crypto::CryptoProvider::install_default`), such
//! as aws-lc-rs, or the settings of [`ClientBuilder::tls_config`]. With neither, an `https://` address fails with
//! `invalid_argument`. So does every HTTP request of `rest` and `polling`, even to an `http://` address, because reqwest
//! always needs a provider.
//!
//! # Layers
//! Dependencies point down, and only `driver` and `rest` do I/O. `client` is above `rest` and the driver's task; the task
//! owns the sans-IO session machine; the machine uses the codecs `eio` and `sio` and the payload types of [`events`].
#![deny(missing_docs)]
#![deny(clippy::disallowed_methods)]
// Code that only these features use is dead without them.
#![cfg_attr(not(feature = "facade"), allow(dead_code, unused_imports))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::disallowed_methods))]

mod client;
mod delivery;
#[allow(clippy::disallowed_methods)] // time and tasks enter the crate here
mod driver;
#[cfg(feature = "protocol")]
pub mod eio;
#[cfg(not(feature = "protocol"))]
#[allow(unreachable_pub, dead_code, unused_imports)]
mod eio;
mod error;
pub mod events;
#[cfg(feature = "facade")]
pub mod facade;
#[cfg(feature = "rest")]
mod rest;
mod session;
#[cfg(all(test, feature = "rest"))]
mod simulation;
#[cfg(feature = "protocol")]
pub mod sio;
#[cfg(not(feature = "protocol"))]
#[allow(unreachable_pub, dead_code, unused_imports)]
mod sio;
#[cfg(any(feature = "testing", feature = "test-server"))]
#[allow(clippy::disallowed_methods)] // servers and clocks for tests
pub mod testing;
mod text;

pub use client::{Client, ClientBuilder, EventStream, JoinBuilder, Losses, Project, Throttle, Throttled, TypedStream};
pub use delivery::{Overflow, StateChanges};
pub use driver::{ApiKeyVia, Credentials, ProviderError, Transports};
pub use error::{Error, ErrorKind, Stage};
pub use events::{
    Activity, ContentType, Cursor, Event, EventKind, EventKinds, Extra, Gap, GapReason, Lagged, MalformedEvent, Meta,
    ModerationUpdate, ModeratorType, NotificationType, Origin, ProjectId, RawJson, RecentActivity, Rule, RuleAction,
    RuleType, RuleUpdate, RuleVerb, Secret, ServerError, StatsUpdate, Status, SystemNotification, Timestamp,
    UnknownEvent, UserActivity,
};
pub use jiff;
#[cfg(feature = "rest")]
pub use rest::{Content, ContentFilter, ContentPage, ContentPages, Health, Moderation, Statistics, Submission};
pub use rustls;
pub use session::{Backfill, CredentialsReason, Metrics, OnServerDisconnect, ReconnectPolicy, State};
