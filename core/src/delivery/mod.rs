//! From the machine to the user: bounded rings and fan-out. Losses appear in the stream.

mod backlog;
mod hub;
mod planned;
mod progress;
mod queue;
mod ring;
mod states;
#[cfg(test)]
mod tests;

pub(crate) use hub::{Hub, Scope};
pub(crate) use planned::PlannedStreams;
pub(crate) use progress::{Mark, Progress, Tracker};
pub use queue::Overflow;
pub(crate) use queue::{Batch, Bound, STREAM_BYTES_MAX};
pub(crate) use ring::Ring;
pub use states::StateChanges;
pub(crate) use states::StateFeed;
