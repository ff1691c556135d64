//! Stored items stay stored, and are stored once: when the server is killed, the database goes away, or the disk is
//! full.
//!
//! Runs on SQLite or, with `make test-postgres`, on PostgreSQL; tests that only PostgreSQL can run are ignored
//! elsewhere.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod backup;
mod books;
mod cluster;
mod commit_in_doubt;
mod disk;
mod failover;
mod full_disk;
mod killed_in_the_middle;
mod listener;
mod load;
mod postgres_restarts;
mod two_servers;
mod two_servers_agree;

#[path = "../it/databases.rs"]
#[allow(dead_code, reason = "of the other tests, which use all of it")]
mod databases;
#[path = "../it/program.rs"]
#[allow(dead_code, reason = "of the other tests, which use all of it")]
mod program;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "of the other tests, which use all of it")]
mod support;
#[path = "../it/web.rs"]
#[allow(dead_code, reason = "of the other tests, which use all of it")]
mod web;
