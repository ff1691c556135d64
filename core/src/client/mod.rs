//! Public API: the client, its projects and their event streams.

mod build;
mod builder;
mod client;
mod connect_and_close;
mod emit;
mod join;
#[cfg(feature = "rest")]
mod live_view;
mod network_options;
mod option_checks;
mod project;
#[cfg(feature = "rest")]
mod rest;
mod shared;
mod stream;
mod throttle;
mod typed_stream;

pub use builder::ClientBuilder;
pub use client::Client;
pub use join::JoinBuilder;
#[cfg(feature = "rest")]
pub use live_view::LiveView;
pub use project::Project;
pub(crate) use shared::ClientShared;
pub use stream::EventStream;
pub use throttle::{Throttle, Throttled};
pub use typed_stream::{Losses, TypedStream};
