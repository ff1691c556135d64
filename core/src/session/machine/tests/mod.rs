//! Tests of the machine: invariants under random inputs, and single scenarios.

mod a_server_changes;
mod backlog_pages;
mod chaos;
mod exactness;
mod given_up_joins;
mod holes;
mod paced;
mod recovered_by_rest;
mod rig;
mod rooms;
mod rules;
mod without_a_log;

use proptest::test_runner::Config;
pub(crate) use rules::Rules;

/// Returns the configuration of a property test with this number of cases. `PROPTEST_CASES` overrides the number, for
/// long runs.
fn cases(default: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() }
}
