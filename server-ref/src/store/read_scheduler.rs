//! The order of reads: the owners of projects take turns at the connections, and so do the projects of an owner.
//!
//! The next free connection goes to the owner who holds the fewest, and among those to the one who has used the least time.
//! So an owner without a running read goes before those who have one, however many projects and waiting reads those have.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::Error;

/// The limits of waiting reads.
const WAITING_PER_PROJECT_MAX: usize = 64;
const WAITING_PER_OWNER_MAX: usize = 256;
/// The time after which a waiting read is refused.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);
/// The most that an owner's used time lags behind the clock: more would keep the others waiting for too long.
const CREDIT_MAX: Duration = Duration::from_secs(1);

/// A handle to the scheduler; clones share it.
#[derive(Debug, Clone)]
pub(super) struct ReadScheduler {
    shared: Arc<SharedSchedule>,
}

/// The right to use a connection, until it is dropped.
#[derive(Debug)]
pub(super) struct ReadPermit {
    shared: Arc<SharedSchedule>,
    owner: Arc<str>,
    granted_at: Instant,
}

#[derive(Debug)]
struct SharedSchedule {
    wait_timeout: Duration,
    schedule: Mutex<Schedule>,
}

#[derive(Debug)]
struct Schedule {
    /// The connections that all owners may use at once, and those that one owner may.
    connections_max: usize,
    per_owner_max: usize,
    /// Connections in use.
    held: usize,
    owners: HashMap<Arc<str>, Owner>,
    /// The owners who may get another connection and have a waiting read, with what orders them; the next one first.
    ready: BTreeSet<(usize, Duration, Arc<str>)>,
    /// The used time of the owner served last; new owners start with this time.
    clock: Duration,
}

/// An owner's reads.
#[derive(Debug, Default)]
struct Owner {
    /// Connections in use.
    held: usize,
    /// The used time, starting from the clock's value at the first read.
    used: Duration,
    waiting: usize,
    /// The projects with waiting reads, the next one first.
    projects: VecDeque<(Arc<str>, VecDeque<Waiter>)>,
}

/// A read that waits. It is closed if the read was given up.
type Waiter = oneshot::Sender<ReadPermit>;

impl ReadScheduler {
    /// A scheduler for a pool with this many connections. One of them is never given out, because sign-ins and keys need
    /// it; an owner gets half of the others.
    pub(super) fn new(pool_size: u32) -> Self {
        Self::with_timeout(pool_size, WAIT_TIMEOUT)
    }

    fn with_timeout(pool_size: u32, wait_timeout: Duration) -> Self {
        let connections_max = pool_size.saturating_sub(1).max(1) as usize;
        let schedule = Schedule {
            connections_max,
            per_owner_max: connections_max.div_ceil(2),
            held: 0,
            owners: HashMap::new(),
            ready: BTreeSet::new(),
            clock: Duration::ZERO,
        };
        Self { shared: Arc::new(SharedSchedule { wait_timeout, schedule: Mutex::new(schedule) }) }
    }

    /// Waits until a read of the project may use a connection.
    ///
    /// # Errors
    /// [`Error::Busy`] if too many reads of the project or of its owner wait already, or this one waited for too long.
    pub(super) async fn acquire(&self, owner: &Arc<str>, project_id: &str) -> Result<ReadPermit, Error> {
        let (waiter, granted) = oneshot::channel();
        self.shared.lock().enqueue(owner, project_id, waiter)?;
        self.shared.grant();
        let permit = timeout(self.shared.wait_timeout, granted).await.map_err(|_| Error::Busy)?;
        permit.map_err(|_| Error::Internal("the scheduler lost a waiting read".into()))
    }

    /// The number of reads that wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.shared.lock().owners.values().map(|owner| owner.waiting).sum()
    }
}

impl SharedSchedule {
    fn lock(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives free connections to the reads whose turn it is.
    fn grant(self: &Arc<Self>) {
        loop {
            let next = self.lock().next();
            let Some((owner, waiter)) = next else { return };
            // A permit that finds nobody is dropped, outside the lock, and returns its connection.
            let _ = waiter.send(ReadPermit { shared: self.clone(), owner, granted_at: Instant::now() });
        }
    }
}

impl Drop for ReadPermit {
    fn drop(&mut self) {
        self.shared.lock().release(&self.owner, self.granted_at.elapsed());
        self.shared.grant();
    }
}

impl Schedule {
    fn enqueue(&mut self, id: &Arc<str>, project_id: &str, waiter: Waiter) -> Result<(), Error> {
        let clock = self.clock;
        self.update(id, |owner| {
            let credit = if owner.is_idle() { Duration::ZERO } else { CREDIT_MAX };
            owner.used = owner.used.max(clock.saturating_sub(credit));
            owner.push(project_id, waiter)
        })
    }

    /// The next read that gets a connection, which counts as held from now on.
    fn next(&mut self) -> Option<(Arc<str>, Waiter)> {
        while self.held < self.connections_max {
            let (_, used, id) = self.ready.first().cloned()?;
            let waiter = self.update(&id, |owner| {
                let waiter = owner.pop();
                owner.held += usize::from(waiter.is_some());
                waiter
            });
            if let Some(waiter) = waiter {
                self.held += 1;
                self.clock = self.clock.max(used);
                return Some((id, waiter));
            }
        }
        None
    }

    fn release(&mut self, id: &Arc<str>, elapsed: Duration) {
        self.held -= 1;
        self.update(id, |owner| {
            owner.held -= 1;
            owner.used += elapsed;
        });
        if self.held == 0 && self.ready.is_empty() {
            // Nobody reads, so earlier use no longer counts.
            self.owners.clear();
            self.clock = Duration::ZERO;
        }
    }

    /// Changes an owner, and with it their place among those who are ready.
    fn update<T>(&mut self, id: &Arc<str>, change: impl FnOnce(&mut Owner) -> T) -> T {
        let owner = self.owners.entry(id.clone()).or_default();
        self.ready.remove(&(owner.held, owner.used, id.clone()));
        let changed = change(owner);
        if owner.waiting > 0 && owner.held < self.per_owner_max {
            self.ready.insert((owner.held, owner.used, id.clone()));
        } else if owner.is_idle() && owner.used <= self.clock {
            // As if they had never read.
            self.owners.remove(id);
        }
        changed
    }
}

impl Owner {
    fn is_idle(&self) -> bool {
        self.held == 0 && self.waiting == 0
    }

    fn push(&mut self, project_id: &str, waiter: Waiter) -> Result<(), Error> {
        if self.is_full(project_id) {
            self.forget_closed();
        }
        if self.is_full(project_id) {
            return Err(Error::Busy);
        }
        match self.projects.iter_mut().find(|(id, _)| **id == *project_id) {
            Some((_, waiters)) => waiters.push_back(waiter),
            None => self.projects.push_back((project_id.into(), VecDeque::from([waiter]))),
        }
        self.waiting += 1;
        Ok(())
    }

    fn is_full(&self, project_id: &str) -> bool {
        let project = self.projects.iter().find(|(id, _)| **id == *project_id);
        let of_project = project.map_or(0, |(_, waiters)| waiters.len());
        self.waiting >= WAITING_PER_OWNER_MAX || of_project >= WAITING_PER_PROJECT_MAX
    }

    /// The next read that somebody still waits for. Its project goes to the end of the round.
    fn pop(&mut self) -> Option<Waiter> {
        while let Some((project_id, mut waiters)) = self.projects.pop_front() {
            let waiter = waiters.pop_front();
            if !waiters.is_empty() {
                self.projects.push_back((project_id, waiters));
            }
            self.waiting -= usize::from(waiter.is_some());
            if let Some(waiter) = waiter.filter(|waiter| !waiter.is_closed()) {
                return Some(waiter);
            }
        }
        None
    }

    /// Removes the reads that were given up while they waited.
    fn forget_closed(&mut self) {
        self.projects.retain_mut(|(_, waiters)| {
            waiters.retain(|waiter| !waiter.is_closed());
            !waiters.is_empty()
        });
        self.waiting = self.projects.iter().map(|(_, waiters)| waiters.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn granted(scheduler: &ReadScheduler, owner: &str, project_id: &str) -> Option<Result<ReadPermit, Error>> {
        scheduler.acquire(&owner.into(), project_id).now_or_never()
    }

    #[tokio::test]
    async fn an_owner_gets_half_and_waits_for_a_limited_time() {
        let scheduler = ReadScheduler::with_timeout(4, Duration::from_millis(10));
        let (first, second) = (granted(&scheduler, "a", "1").unwrap(), granted(&scheduler, "a", "2").unwrap());
        assert!(matches!(scheduler.acquire(&"a".into(), "3").await, Err(Error::Busy)));
        drop(granted(&scheduler, "b", "4").unwrap().unwrap());
        drop(first);
        drop(granted(&scheduler, "a", "3").unwrap().unwrap());
        drop(second);
        assert!(scheduler.shared.lock().owners.is_empty());
    }

    #[test]
    fn the_owner_who_used_less_time_goes_first() {
        let scheduler = ReadScheduler::new(2);
        let mut schedule = scheduler.shared.lock();
        let [a, b]: [Arc<str>; 2] = ["a".into(), "b".into()];
        let mut reads = Vec::new();
        let mut order = String::new();
        for owner in [&a, &a, &b, &b] {
            let (waiter, read) = oneshot::channel();
            schedule.enqueue(owner, "", waiter).unwrap();
            reads.push(read);
        }
        while let Some((owner, _)) = schedule.next() {
            order += &owner;
            schedule.release(&owner, Duration::from_millis(if owner == a { 900 } else { 100 }));
        }
        assert_eq!(order, "abba");
    }

    #[tokio::test]
    async fn waiting_reads_are_bounded_and_those_given_up_make_room() {
        let scheduler = ReadScheduler::new(2);
        let held = granted(&scheduler, "a", "1").unwrap().unwrap();
        let mut waiting: Vec<_> = (0..WAITING_PER_PROJECT_MAX)
            .map(|_| Box::pin(async { scheduler.acquire(&"a".into(), "1").await }))
            .collect();
        for read in &mut waiting {
            assert!(read.now_or_never().is_none());
        }
        assert!(matches!(granted(&scheduler, "a", "1"), Some(Err(Error::Busy))));
        assert!(granted(&scheduler, "a", "2").is_none());
        drop(waiting);
        assert!(granted(&scheduler, "a", "1").is_none());
        drop(held);
        drop(granted(&scheduler, "a", "1").unwrap().unwrap());
    }
}
