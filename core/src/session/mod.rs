//! State machine of a session, without I/O, clocks or threads.
//!
//! The API follows the pattern of other sans-IO crates: pass each input with the current time to [`Machine::handle`],
//! drain [`Machine::poll_output`], then sleep until [`Machine::poll_timeout`] or the next input. Time and randomness
//! are arguments, so tests can simulate an hour-long outage in microseconds.

mod acks;
mod backoff;
mod config;
mod connect_attempts;
mod connection_failure;
mod earliest_deadline;
mod endpoint_auth;
mod endpoint_rotation;
mod follower;
mod heartbeat;
mod join_confirmations;
mod liveness;
mod log_reader;
mod machine;
mod machine_io;
mod recent_decisions;
mod refusal;
mod room_protocol;
mod room_request;
mod room_requests;
mod rooms;
mod send_budget;
mod state;

#[cfg_attr(not(feature = "rest"), allow(unused_imports))]
pub(crate) use backoff::next_delay;
pub(crate) use config::SessionConfig;
pub use config::{Backfill, OnServerDisconnect, ReconnectPolicy};
pub(crate) use connection_failure::ConnectionFailure;
pub(crate) use endpoint_auth::{CredentialChoice, CredentialsSource, LoginStatus};
pub(crate) use log_reader::{LogReader, PAGE_EVENTS_MAX};
pub(crate) use machine::Machine;
#[cfg(test)]
pub(crate) use machine::tests::InvariantChecker;
pub use machine_io::CredentialsReason;
pub(crate) use machine_io::{
    BackfillData, BackfillQuery, BackfillReply, BackfillRequest, BacklogPageRequest, Command, CommandId, Input, Now,
    Output, Outputs, StreamId,
};
pub(crate) use recent_decisions::{BACKFILL_OVERLAP, FLAGGED_ITEMS_MAX};
pub(crate) use room_protocol::LogPage;
pub use state::{Metrics, State};
