//! Typed, loss-free real-time moderation updates from AutoModerate servers.
//!
//! A [`Client`] joins projects and hands out their events as streams. Lost connections are mended behind the scenes;
//! on servers with an event log every event reaches every stream once and in order, and what truly can't be had is told
//! in the stream, as a [`Gap`] or [`Lagged`].
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
//! # Floors
//! Dependencies point down, and only `driver` and `rest` do I/O: `client` above `rest` and the driver's task, which owns
//! the sans-IO session machine, which uses the codecs [`eio`] and [`sio`] and the payload types of [`events`].
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod client;
mod delivery;
mod driver;
pub mod eio;
mod error;
pub mod events;
pub mod facade;
mod rest;
mod session;
#[cfg(test)]
mod simulation;
pub mod sio;
#[cfg(any(feature = "testing", feature = "test-server"))]
pub mod testing;

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
pub use rest::{Content, ContentFilter, ContentPage, ContentPages, Health, Moderation, Statistics, Submission};
pub use session::{Backfill, CredentialsReason, Metrics, OnServerDisconnect, ReconnectPolicy, State};
