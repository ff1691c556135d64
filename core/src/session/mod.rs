//! The session machine: all decisions, without I/O, clock or threads.
//!
//! Like other sans-IO crates: feed [`Machine::handle`] with inputs and the time, drain [`Machine::poll_output`], then
//! sleep until [`Machine::poll_timeout`] at the latest. Time and randomness are arguments, so tests can simulate an
//! hour of outage in microseconds.

mod acks;
mod attempts;
mod auth;
mod backfill;
mod backoff;
mod budget;
mod config;
mod earliest;
mod follower;
mod heartbeat;
mod io;
mod liveness;
mod log_reader;
mod machine;
mod reason;
mod refusal;
mod requests;
mod rooms;
mod servers;
mod state;
mod wire;

pub(crate) use auth::{CredentialChoice, CredentialsSource, Proof};
pub(crate) use backfill::{FLAGGED_MAX, SLACK};
pub(crate) use config::SessionConfig;
pub use config::{Backfill, OnServerDisconnect, ReconnectPolicy};
pub use io::CredentialsReason;
pub(crate) use io::{
    BackfillRequest, Backfilled, Command, Found, Input, Now, Outbox, Output, PageRequest, StreamId, Token, Wanted,
};
pub(crate) use log_reader::{LogReader, PAGE_MAX};
pub(crate) use machine::Machine;
#[cfg(test)]
pub(crate) use machine::tests::Rules;
pub(crate) use reason::Fault;
pub use state::{Metrics, State};
pub(crate) use wire::Page;
