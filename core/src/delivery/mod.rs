//! Delivery of events from the machine to the application: bounded buffers and fan-out. Each stream reports its losses.

mod backlog;
mod cursor_holds;
mod cursor_registry;
mod event_batch;
mod event_queue;
mod hub;
mod overflow;
mod planned_streams;
mod position_tracker;
mod project_streams;
mod state_feed;
mod stream_buffer;
mod stream_end;
mod subscription;
#[cfg(test)]
mod tests;

pub(crate) use cursor_registry::CursorRegistry;
pub(crate) use event_batch::EventBatch;
pub(crate) use hub::Hub;
pub use overflow::Overflow;
pub(crate) use overflow::{BufferLimits, STREAM_BYTES_MAX};
pub(crate) use planned_streams::PlannedStreams;
pub(crate) use position_tracker::{EventPosition, PositionTracker};
pub use state_feed::StateChanges;
pub(crate) use state_feed::StateFeed;
pub(crate) use stream_buffer::StreamBuffer;
pub(crate) use stream_end::StreamEnd;
pub(crate) use subscription::StreamScope;
