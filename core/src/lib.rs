//! Typed, loss-free real-time moderation updates from AutoModerate servers.
//!
//! A [`Client`] joins projects, delivers their events as streams, and reconnects automatically. By default, streams
//! deliver every logged event once and in order if the server has an event log. Where events are, or may be, missing
//! from a stream, it yields a [`Gap`] or a [`Lagged`].
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
//! | feature | default | description |
//! |---|:-:|---|
//! | `rest` | ✓ | REST calls, backfill through REST on servers without an event log, `review_poll`, and login with email and password. Uses reqwest. |
//! | `polling` | ✓ | HTTP long-polling. Without this feature, `Transports::Auto` uses WebSocket only. Uses reqwest. |
//! | `tls-ring` | ✓ | TLS, with ring as the cryptography provider. |
//! | `test-server` | | `testing::Server`, a test server on the loopback interface. |
//! | `testing` | | The whole `testing` module, which adds a scripted in-memory server and a paused clock. |
//! | `facade` | | The layer on which the language bindings are built. May change in any version. |
//! | `protocol` | | The codecs `eio` and `sio`. May change in any version. |
//!
//! Without `tls-ring`, TLS uses the configuration set by [`ClientBuilder::tls_config`], or else the process's default
//! cryptography provider (`rustls::crypto::CryptoProvider::install_default`), such as aws-lc-rs. If neither is set, an
//! `https://` address fails with `invalid_argument`. The HTTP requests that `rest` and `polling` send then fail too,
//! even to an `http://` address, because reqwest always needs a provider.
//!
//! # Layers
//! Each layer depends only on the layers below it, and only `driver` and `rest` perform I/O. The `client` layer is on
//! top of `rest` and the driver's task. The task owns the sans-IO session machine, which uses the codecs `eio` and
//! `sio` and the event types of [`events`].
#![deny(missing_docs)]
#![deny(clippy::disallowed_methods)]
// Without the `facade` feature, the code that only the facade uses is dead.
#![cfg_attr(not(feature = "facade"), allow(dead_code, unused_imports))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::disallowed_methods))]

mod client;
mod delivery;
#[allow(clippy::disallowed_methods)] // reads clocks and spawns tasks
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
mod json_byte_search;
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
#[allow(clippy::disallowed_methods)] // test servers read clocks and spawn tasks
pub mod testing;

#[cfg(feature = "rest")]
pub use client::LiveView;
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
pub use rest::{
    Batch, Content, ContentFilter, ContentPage, ContentPages, Health, LiveState, Moderation, QueuedItem, ReviewQueue,
    Snapshot, Statistics, StatusCounts, Submission,
};
pub use rustls;
pub use session::{Backfill, CredentialsReason, Metrics, OnServerDisconnect, ReconnectPolicy, State};
