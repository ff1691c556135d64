//! State machine of a session. It makes all decisions, without I/O, clocks or threads.
//!
//! The API follows the pattern of other sans-IO crates: pass each input with the current time to [`Machine::handle`],
//! drain [`Machine::poll_output`], then sleep until [`Machine::poll_timeout`] or the next input. Time and randomness
//! are arguments, so tests can simulate an hour-long outage in microseconds.

mod acks;
mod auth;
mod backoff;
mod budget;
mod config;
mod connect_attempts;
mod connection_failure;
mod earliest;
mod endpoint_rotation;
mod follower;
mod heartbeat;
mod io;
mod join_confirmations;
mod liveness;
mod log_reader;
mod machine;
mod recent_decisions;
mod refusal;
mod room_protocol;
mod room_request;
mod room_requests;
mod rooms;
mod state;

pub(crate) use auth::{CredentialChoice, CredentialsSource, LoginStatus};
#[cfg_attr(not(feature = "rest"), allow(unused_imports))]
pub(crate) use backoff::next_delay;
pub(crate) use config::SessionConfig;
pub use config::{Backfill, OnServerDisconnect, ReconnectPolicy};
pub(crate) use connection_failure::ConnectionFailure;
pub use io::CredentialsReason;
pub(crate) use io::{
    BackfillData, BackfillQuery, BackfillReply, BackfillRequest, Command, CommandToken, Input, Now, Output, Outputs,
    PageRequest, StreamId,
};
pub(crate) use log_reader::{LogReader, PAGE_EVENTS_MAX};
pub(crate) use machine::Machine;
#[cfg(test)]
pub(crate) use machine::tests::InvariantChecker;
pub(crate) use recent_decisions::{BACKFILL_OVERLAP, FLAGGED_ITEMS_MAX};
pub(crate) use room_protocol::Page;
pub use state::{Metrics, State};
