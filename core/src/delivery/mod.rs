//! Delivery of events from the machine to the application: bounded buffers and fan-out. Losses are reported in the
//! stream.

mod backlog;
mod end;
mod holds;
mod hub;
mod overflow;
mod planned;
mod progress;
mod project_streams;
mod queue;
mod ring;
mod states;
mod subscription;
#[cfg(test)]
mod tests;
mod tracker;

pub(crate) use end::StreamEnd;
pub(crate) use hub::{Hub, Scope};
pub use overflow::Overflow;
pub(crate) use overflow::{Bound, STREAM_BYTES_MAX};
pub(crate) use planned::PlannedStreams;
pub(crate) use progress::Progress;
pub(crate) use queue::Batch;
pub(crate) use ring::Ring;
pub use states::StateChanges;
pub(crate) use states::StateFeed;
pub(crate) use tracker::{EventPosition, Tracker};
