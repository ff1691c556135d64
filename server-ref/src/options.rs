//! Options of the server, with the documented defaults.

use std::time::Duration;

/// Limits that protect the server from abuse. Zero disables a limit. The defaults are given in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of concurrent real-time connections per address (10).
    pub connections_per_ip: usize,
    /// Maximum number of concurrent HTTP connections per address (1,024), including long polls and excluding WebSockets. Further
    /// connections are closed. Trusted proxies are exempt.
    pub connections_per_address: usize,
    /// Maximum number of events that a client may send on one connection within any minute (100).
    pub events_per_minute: usize,
    /// Maximum number of projects that one connection may have joined at the same time (50).
    pub rooms: usize,
    /// Maximum number of failed sign-ins from one address within any minute (10).
    pub failed_logins_per_minute: usize,
    /// Maximum number of failed sign-ins to one account within any 15 minutes (30), from all addresses together. The same limit
    /// applies separately to each browser that has signed in to the account before.
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
    /// Returns limits that are all disabled, for tests and benchmarks.
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

/// Retention of events for replay. The defaults are given in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLog {
    /// Maximum number of events kept per project (100,000); zero means no limit.
    pub max_events: u64,
    /// Maximum time for which an event is kept (7 days); zero means no limit.
    pub max_age: Duration,
}

impl Default for EventLog {
    fn default() -> Self {
        Self { max_events: 100_000, max_age: Duration::from_secs(7 * 24 * 60 * 60) }
    }
}
