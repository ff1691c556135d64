//! A deterministic simulation: clients made of the real session machine and the real delivery, a model server with the
//! replay rules, and a faulty network, all in virtual time and from one seed.
//!
//! Checked of everything that leaves a machine and everything that a reader receives: each event of a project's log
//! once and in order; a `Gap` or `Lagged` only where events are missing, with the right number; no event after a stored
//! cursor is lost; after the trouble, every client has everything within bounded time; no timer fires needlessly; no
//! minute has more attempts or events than allowed.
//!
//! `SIM_SEED=n` runs one seed, `SIM_SEEDS=n` runs `n` seeds.

mod checking;
mod decision_progress;
mod dice;
mod driving;
mod end;
mod expected_ring;
mod faults;
mod log_progress;
mod network;
mod plans;
mod polling;
mod process;
mod reader;
mod rest;
mod scenario;
mod schedule;
mod sent_joins;
mod server;
mod streams;
mod suspend;
mod tally;
mod tests;
mod user;
mod world;
