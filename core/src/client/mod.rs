//! Public API: the client, its projects and their event streams.

mod build;
mod builder;
mod checks;
mod client;
mod emit;
mod join;
mod lifetime;
mod network;
mod project;
#[cfg(feature = "rest")]
mod rest;
mod shared;
mod stream;
mod throttle;
mod typed;

pub use builder::ClientBuilder;
pub use client::Client;
pub use join::JoinBuilder;
pub use project::Project;
pub(crate) use shared::ClientShared;
pub use stream::EventStream;
pub use throttle::{Throttle, Throttled};
pub use typed::{Losses, TypedStream};
