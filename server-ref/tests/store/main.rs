//! Acknowledged items are stored exactly once, even if the server is killed, PostgreSQL restarts, or the disk is full.
//!
//! These tests run on SQLite, or on PostgreSQL with `make test-postgres`. Without `make test-postgres`, tests that need PostgreSQL,
//! sqlite3, or a disk of their own are ignored.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod backup;
mod cluster;
mod commit_in_doubt;
mod disk;
mod failover;
mod full_disk;
mod killed_in_the_middle;
mod listener;
mod load;
mod postgres_restarts;
mod stored_data;
mod two_servers;
mod two_servers_agree;

#[path = "../it/databases.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod databases;
#[path = "../it/program.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod program;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod support;
#[path = "../it/web.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod web;
