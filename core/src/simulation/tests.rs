//! Runs of many seeds, and the simulation of a whole day.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use super::{scenario::Scenario, tally::Tally, world::World};

const DEFAULT_SEEDS: u64 = 3_000;
/// Number of failed seeds after which the run stops.
const FAILURES_MAX: usize = 5;

fn number_from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: {text} is not a number")))
}

fn run_seed(seed: u64) -> Tally {
    World::new(Scenario::draw(seed)).run().tally
}

fn run_seeds(first: u64, seeds: u64) -> (Tally, Vec<u64>) {
    let next = AtomicU64::new(first);
    let results = Mutex::new((Tally::default(), Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds || results.lock().unwrap().1.len() >= FAILURES_MAX {
                        break;
                    }
                    match catch_unwind(AssertUnwindSafe(|| run_seed(seed))) {
                        Ok(tally) => results.lock().unwrap().0.add(&tally),
                        Err(_) => {
                            eprintln!("seed {seed} fails; to repeat it: SIM_SEED={seed} make test-simulation");
                            results.lock().unwrap().1.push(seed);
                        }
                    }
                }
            });
        }
    });
    results.into_inner().unwrap()
}

#[test]
#[ignore = "requires an optimised build: make test-simulation"]
fn no_event_is_lost_or_delivered_twice() {
    let started = Instant::now();
    if let Some(seed) = number_from_env("SIM_SEED") {
        eprintln!("{:#?}", Scenario::draw(seed));
        let mut world = World::new(Scenario::draw(seed));
        world.is_traced = std::env::var_os("SIM_TRACE").is_some();
        eprintln!("{:#?}", world.run().tally);
        return;
    }
    let (tally, failed) =
        run_seeds(number_from_env("SIM_FIRST").unwrap_or(0), number_from_env("SIM_SEEDS").unwrap_or(DEFAULT_SEEDS));
    eprintln!("{tally:#?}\nin {:.1} s", started.elapsed().as_secs_f64());
    assert!(failed.is_empty(), "failing seeds: {failed:?}");
    assert!(
        tally.simulations < DEFAULT_SEEDS || tally.zero_counters().is_empty(),
        "these never occurred: {:?}",
        tally.zero_counters()
    );
    eprintln!("lost 0, twice 0, out of order 0 of {} events read", tally.events_read);
}

#[test]
fn a_hundred_seeds_pass() {
    let (tally, failed) = run_seeds(1_000_000_000, 100);
    assert!(failed.is_empty() && tally.simulations == 100, "failing seeds: {failed:?}");
}

#[test]
fn same_seed_gives_the_same_run() {
    for seed in 0..20 {
        assert_eq!(run_seed(seed), run_seed(seed), "seed {seed}");
    }
}

#[test]
#[ignore = "requires an optimised build: make test-simulation"]
fn tables_do_not_grow_in_a_day_with_a_thousand_interruptions() {
    let world = World::new(Scenario::day()).run();
    let tally = world.tally;
    assert!(tally.interruptions >= 1_000, "expected 1,000 interruptions, not {}", tally.interruptions);
    let most = |hours: &[usize]| hours.iter().copied().max().unwrap_or_default();
    let (morning, evening) = (most(&world.entry_count_max_by_hour[..6]), most(&world.entry_count_max_by_hour[18..24]));
    eprintln!(
        "one day: {} interruptions, {} events read; table entries by hour: {:?}",
        tally.interruptions, tally.events_read, world.entry_count_max_by_hour
    );
    assert!(
        evening <= morning * 5 / 4,
        "the tables grew from {morning} entries in the morning to {evening} in the evening"
    );
}
