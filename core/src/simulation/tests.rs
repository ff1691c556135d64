//! Many seeds, and one simulation of a day.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use super::{scenario::Scenario, tally::Tally, world::World};

const SEEDS: u64 = 10_000;
/// Number of failures after which no further seeds are tried.
const FAILURES_MAX: usize = 5;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: {text} is no number")))
}

fn run(seed: u64) -> Tally {
    World::new(Scenario::draw(seed)).run().tally
}

fn run_many(first: u64, seeds: u64) -> (Tally, Vec<u64>) {
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
                    match catch_unwind(AssertUnwindSafe(|| run(seed))) {
                        Ok(tally) => results.lock().unwrap().0.add(&tally),
                        Err(_) => {
                            eprintln!("seed {seed} fails; again: SIM_SEED={seed} make test-simulation");
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
#[ignore = "needs an optimised build: make test-simulation"]
fn whatever_happens_nothing_is_lost_and_nothing_comes_twice() {
    let started = Instant::now();
    if let Some(seed) = number("SIM_SEED") {
        eprintln!("{:#?}", Scenario::draw(seed));
        let mut world = World::new(Scenario::draw(seed));
        world.traced = std::env::var_os("SIM_TRACE").is_some();
        eprintln!("{:#?}", world.run().tally);
        return;
    }
    let (tally, failed) = run_many(number("SIM_FIRST").unwrap_or(0), number("SIM_SEEDS").unwrap_or(SEEDS));
    eprintln!("{tally:#?}\nin {:.1} s", started.elapsed().as_secs_f64());
    assert!(failed.is_empty(), "seeds that fail: {failed:?}");
    assert!(tally.simulations < SEEDS || tally.missing().is_empty(), "never happened: {:?}", tally.missing());
    eprintln!("lost 0, twice 0, out of order 0 of {} events read", tally.read);
}

#[test]
fn some_seeds() {
    let (tally, failed) = run_many(1_000_000_000, 100);
    assert!(failed.is_empty() && tally.simulations == 100, "seeds that fail: {failed:?}");
}

#[test]
fn a_seed_is_a_simulation() {
    for seed in 0..20 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}

#[test]
#[ignore = "needs an optimised build: make test-simulation"]
fn after_a_day_with_a_thousand_interruptions_no_table_has_grown() {
    let world = World::new(Scenario::day()).run();
    let tally = world.tally;
    assert!(tally.interruptions >= 1_000, "only {} interruptions", tally.interruptions);
    let most = |hours: &[usize]| hours.iter().copied().max().unwrap_or_default();
    let (morning, evening) = (most(&world.sizes[..6]), most(&world.sizes[18..24]));
    eprintln!(
        "a day: {} interruptions, {} events read; entries by the hour: {:?}",
        tally.interruptions, tally.read, world.sizes
    );
    assert!(evening <= morning * 5 / 4, "{morning} entries in the morning, {evening} in the evening");
}
