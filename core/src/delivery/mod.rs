//! From the machine to the user: bounded rings, fan-out, throttling. Losses are told in the stream.

mod behind;
mod hub;
mod progress;
mod queue;
mod ring;
#[cfg(test)]
mod tests;
mod throttle;

pub(crate) use hub::{Hub, Scope};
pub(crate) use progress::{Mark, Progress, Tracker};
pub(crate) use queue::Batch;
pub use queue::Overflow;
pub(crate) use ring::Ring;
pub use throttle::{Throttle, Throttled};
