//! Delivery of events from the machine to the application: bounded buffers and fan-out. Losses are reported in the
//! stream.

mod backlog;
mod cursor_holds;
mod cursor_registry;
mod hub;
mod overflow;
mod planned;
mod project_streams;
mod queue;
mod states;
mod stream_buffer;
mod stream_end;
mod subscription;
#[cfg(test)]
mod tests;
mod tracker;

pub(crate) use cursor_registry::CursorRegistry;
pub(crate) use hub::Hub;
pub use overflow::Overflow;
pub(crate) use overflow::{BufferLimits, STREAM_BYTES_MAX};
pub(crate) use planned::PlannedStreams;
pub(crate) use queue::EventBatch;
pub use states::StateChanges;
pub(crate) use states::StateFeed;
pub(crate) use stream_buffer::StreamBuffer;
pub(crate) use stream_end::StreamEnd;
pub(crate) use subscription::StreamScope;
pub(crate) use tracker::{EventPosition, PositionTracker};
