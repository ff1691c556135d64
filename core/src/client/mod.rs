//! The public API: a client, its projects and their streams.

mod build;
mod builder;
mod checks;
mod handle;
mod join;
mod network;
mod project;
#[cfg(feature = "rest")]
mod rest;
mod stream;
mod throttle;
mod typed;

pub use builder::ClientBuilder;
pub use handle::Client;
pub(crate) use handle::Shared;
pub use join::JoinBuilder;
pub use project::Project;
pub use stream::EventStream;
pub use throttle::{Throttle, Throttled};
pub use typed::{Losses, TypedStream};
