//! Tests of the machine: invariants under random inputs, and individual scenarios.

mod backlog_pages;
mod chaos;
mod credentials_confirmed_by_joins;
mod exactly_once;
mod given_up_joins;
mod invariants;
mod joins_and_leaves;
mod log_gained_or_lost;
mod log_holes;
mod paced_by_readers;
mod recovered_by_rest;
mod rig;
mod without_a_log;

pub(crate) use invariants::InvariantChecker;
use proptest::test_runner::Config;

/// Returns the configuration of a property test with `default_cases` cases. For long runs, `PROPTEST_CASES` overrides
/// this number.
fn property_config(default_cases: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(default_cases);
    Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() }
}
