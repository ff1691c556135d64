//! Tests of the order and the limits of reads.

use futures_util::FutureExt as _;

use super::*;

fn try_acquire(scheduler: &ReadScheduler, owner: &str, project_id: &str) -> Option<Result<ReadPermit, Error>> {
    scheduler.acquire(&owner.into(), project_id).now_or_never()
}

#[tokio::test]
async fn an_owner_gets_half_the_connections_and_pending_reads_time_out() {
    let scheduler = ReadScheduler::with_timeout(4, Duration::from_millis(10));
    let (first, second) = (try_acquire(&scheduler, "a", "1").unwrap(), try_acquire(&scheduler, "a", "2").unwrap());
    assert!(matches!(scheduler.acquire(&"a".into(), "3").await, Err(Error::Busy)));
    drop(try_acquire(&scheduler, "b", "4").unwrap().unwrap());
    drop(first);
    drop(try_acquire(&scheduler, "a", "3").unwrap().unwrap());
    drop(second);
    assert!(scheduler.shared.lock().owners.is_empty());
}

#[test]
fn the_owner_who_has_used_less_time_goes_first() {
    let scheduler = ReadScheduler::new(2);
    let mut schedule = scheduler.shared.lock();
    let [a, b]: [Arc<str>; 2] = ["a".into(), "b".into()];
    let mut reads = Vec::new();
    let mut order = String::new();
    for owner in [&a, &a, &b, &b] {
        let (sender, read) = oneshot::channel();
        schedule.enqueue(owner, "", sender).unwrap();
        reads.push(read);
    }
    while let Some((owner, _)) = schedule.start_next_read() {
        order += &owner;
        schedule.release(&owner, Duration::from_millis(if owner == a { 900 } else { 100 }));
    }
    assert_eq!(order, "abba");
}

#[tokio::test]
async fn pending_reads_are_bounded_and_abandoned_ones_make_room() {
    let scheduler = ReadScheduler::new(2);
    let held = try_acquire(&scheduler, "a", "1").unwrap().unwrap();
    let mut pending: Vec<_> = (0..PENDING_READS_PER_PROJECT_MAX)
        .map(|_| Box::pin(async { scheduler.acquire(&"a".into(), "1").await }))
        .collect();
    for read in &mut pending {
        assert!(read.now_or_never().is_none());
    }
    assert!(matches!(try_acquire(&scheduler, "a", "1"), Some(Err(Error::Busy))));
    assert!(try_acquire(&scheduler, "a", "2").is_none());
    drop(pending);
    assert!(try_acquire(&scheduler, "a", "1").is_none());
    drop(held);
    drop(try_acquire(&scheduler, "a", "1").unwrap().unwrap());
}
