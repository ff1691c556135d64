//! A deterministic simulation: clients made of the real session machine and the real delivery, a model server with the
//! replay rules, and a network that misbehaves, all in virtual time and from one seed.
//!
//! What is checked, of everything that leaves a machine and of everything that a reader is given: each event of a
//! project's log once and in order; a `Gap` or `Lagged` only where it is true, and it adds up; what was stored as a cursor
//! is a place behind which nothing is missing; when the trouble is over, everybody has everything within bounded time;
//! no timer rings in vain; no minute holds more attempts or events than are allowed.
//!
//! `SIM_SEED=n` runs one seed, `SIM_SEEDS=n` so many.

mod agenda;
mod checking;
mod decisions;
mod dice;
mod driving;
mod end;
mod faults;
mod line;
mod network;
mod plans;
mod polling;
mod process;
mod reader;
mod rest;
mod scenario;
mod sequence;
mod server;
mod shadow;
mod streams;
mod suspend;
mod tally;
mod tests;
mod user;
mod world;
