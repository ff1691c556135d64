//! An operator's options, with the documented defaults.

use std::time::Duration;

/// Limits against abuse. Zero lifts a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Concurrent real-time connections of one address (10).
    pub connections_per_ip: usize,
    /// Concurrent HTTP connections of one address (1,024), with those that carry long polls and without WebSockets; further ones are
    /// closed. Trusted proxies may have any number.
    pub connections_per_address: usize,
    /// Events a client may send on one connection within any minute (100).
    pub events_per_minute: usize,
    /// Projects joined at once on one connection (50).
    pub rooms: usize,
    /// Failed sign-ins of one address within any minute (10).
    pub failed_logins_per_minute: usize,
    /// Failed sign-ins to one account within any 15 minutes (30), from all addresses together. Browsers that have signed in to it before
    /// have this limit for themselves.
    pub failed_logins_per_account: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_ip: 10,
            connections_per_address: 1024,
            events_per_minute: 100,
            rooms: 50,
            failed_logins_per_minute: 10,
            failed_logins_per_account: 30,
        }
    }
}

impl Limits {
    /// No limit at all: for tests and benchmarks.
    #[must_use]
    pub fn none() -> Self {
        Self {
            connections_per_ip: 0,
            connections_per_address: 0,
            events_per_minute: 0,
            rooms: 0,
            failed_logins_per_minute: 0,
            failed_logins_per_account: 0,
        }
    }
}

/// The retention of a project's events for replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLog {
    /// Events kept per project (100,000); zero keeps all.
    pub max_events: u64,
    /// The time that an event is kept (7 days); zero keeps events forever.
    pub max_age: Duration,
}

impl Default for EventLog {
    fn default() -> Self {
        Self { max_events: 100_000, max_age: Duration::from_secs(7 * 24 * 60 * 60) }
    }
}
