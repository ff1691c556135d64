//! Deterministic simulation of clients, a server and a faulty network, in virtual time.
//!
//! The clients consist of the real session machine and the real delivery code. The server is a model that replays
//! events as documented. A single seed determines all random choices.
//!
//! The simulation checks everything that leaves a session machine and everything that a reader receives:
//!
//! - Each event of a project's log arrives once and in order.
//! - A `Gap` or `Lagged` appears only where events are missing, and any number of events that it reports is correct.
//! - No event after a stored cursor is lost.
//! - Once faults have stopped, every client receives everything within a bounded time.
//! - No timer fires too often.
//! - No client makes more connection attempts or sends more events per minute than allowed.
//!
//! `SIM_SEED=n make test-simulation` runs the seed `n`, and `SIM_SEEDS=n make test-simulation` runs the first `n`
//! seeds.

mod action;
mod client_driver;
mod completion;
mod decision_progress;
mod dice;
mod expected_buffer;
mod faults;
mod join_delay_checks;
mod log_progress;
mod network;
mod output_checks;
mod plans;
mod polling_fallback;
mod program;
mod program_actions;
mod reader;
mod rest_backfills;
mod scenario;
mod schedule;
mod server;
mod stream_reopening;
mod suspend;
mod tally;
mod tests;
mod world;
