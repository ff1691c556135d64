//! Fair scheduling of reads: project owners take turns using connections, and so do the projects of each owner.
//!
//! A free connection is assigned to the owner with the fewest connections in use. Among owners with equally few connections in
//! use, the connection is assigned to the owner whose reads have used the least time. An owner with no running read therefore
//! precedes all owners with running reads, no matter how many projects and pending reads those owners have.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::Error;

const PENDING_READS_PER_PROJECT_MAX: usize = 64;
const PENDING_READS_PER_OWNER_MAX: usize = 256;
/// Time after which a pending read is refused.
const PENDING_READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum lead of the virtual clock over an active owner's used time. This bounds how long that owner can delay others.
const OWNER_USED_TIME_LAG_MAX: Duration = Duration::from_secs(1);

/// A handle to a scheduler. Clones refer to the same scheduler.
#[derive(Debug, Clone)]
pub(super) struct ReadScheduler {
    shared: Arc<SharedSchedule>,
}

/// The right to use one connection until the permit is dropped.
#[derive(Debug)]
pub(super) struct ReadPermit {
    shared: Arc<SharedSchedule>,
    owner_id: Arc<str>,
    granted_at: Instant,
}

#[derive(Debug)]
struct SharedSchedule {
    pending_timeout: Duration,
    schedule: Mutex<Schedule>,
}

#[derive(Debug)]
struct Schedule {
    /// Maximum number of connections that all owners together may use at once.
    connections_max: usize,
    /// Maximum number of connections that one owner may use at once.
    connections_per_owner_max: usize,
    connections_in_use: usize,
    owners: HashMap<Arc<str>, OwnerReads>,
    /// The owners with a pending read who may use another connection, in the order in which they are served. An entry consists of
    /// the owner's number of connections in use, used time and id.
    ready_owners: BTreeSet<(usize, Duration, Arc<str>)>,
    /// The greatest used time that any owner had when a read started; reset to zero when the scheduler is idle. New owners start with
    /// this used time.
    virtual_clock: Duration,
}

/// The running and pending reads of one owner.
#[derive(Debug, Default)]
struct OwnerReads {
    connections_in_use: usize,
    /// The time that the owner's reads have used. Each new read raises the value to at least the virtual clock minus
    /// [`OWNER_USED_TIME_LAG_MAX`], or to at least the virtual clock if the owner was idle.
    used_time: Duration,
    pending_count: usize,
    /// The projects with pending reads, in the order in which they are served.
    projects: VecDeque<(Arc<str>, VecDeque<PermitSender>)>,
}

/// The channel on which a pending read receives its permit. The channel is closed if the read was abandoned.
type PermitSender = oneshot::Sender<ReadPermit>;

impl ReadScheduler {
    /// Creates a scheduler for a pool of `pool_size` connections.
    ///
    /// One connection is reserved for unscheduled reads, such as those of a sign-in. An owner may use half of the remaining connections,
    /// rounded up.
    pub(super) fn new(pool_size: u32) -> Self {
        Self::with_timeout(pool_size, PENDING_READ_TIMEOUT)
    }

    fn with_timeout(pool_size: u32, pending_timeout: Duration) -> Self {
        let connections_max = pool_size.saturating_sub(1).max(1) as usize;
        let schedule = Schedule {
            connections_max,
            connections_per_owner_max: connections_max.div_ceil(2),
            connections_in_use: 0,
            owners: HashMap::new(),
            ready_owners: BTreeSet::new(),
            virtual_clock: Duration::ZERO,
        };
        Self { shared: Arc::new(SharedSchedule { pending_timeout, schedule: Mutex::new(schedule) }) }
    }

    /// Waits until a read of a project may use a connection.
    ///
    /// # Errors
    /// Returns [`Error::Busy`] if too many reads of the project or its owner are pending, or if this read was pending for too
    /// long.
    pub(super) async fn acquire(&self, owner_id: &Arc<str>, project_id: &str) -> Result<ReadPermit, Error> {
        let (sender, receiver) = oneshot::channel();
        self.shared.lock().enqueue(owner_id, project_id, sender)?;
        self.shared.grant_permits();
        let permit = timeout(self.shared.pending_timeout, receiver).await.map_err(|_| Error::Busy)?;
        permit.map_err(|_| Error::Internal("the read scheduler dropped a pending read".into()))
    }

    #[cfg(test)]
    pub(super) fn pending_reads(&self) -> usize {
        self.shared.lock().owners.values().map(|owner| owner.pending_count).sum()
    }
}

impl SharedSchedule {
    fn lock(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grants permits for all free connections to the reads that are next in line.
    fn grant_permits(self: &Arc<Self>) {
        loop {
            let next = self.lock().start_next_read();
            let Some((owner_id, sender)) = next else { return };
            // If the read has been abandoned, its permit is dropped here. Dropping it locks the schedule to release the connection, so the
            // lock must not be held.
            let _ = sender.send(ReadPermit { shared: self.clone(), owner_id, granted_at: Instant::now() });
        }
    }
}

impl Drop for ReadPermit {
    fn drop(&mut self) {
        self.shared.lock().release(&self.owner_id, self.granted_at.elapsed());
        self.shared.grant_permits();
    }
}

impl Schedule {
    fn enqueue(&mut self, owner_id: &Arc<str>, project_id: &str, sender: PermitSender) -> Result<(), Error> {
        let clock = self.virtual_clock;
        self.update_owner(owner_id, |owner| {
            let lag_max = if owner.is_idle() { Duration::ZERO } else { OWNER_USED_TIME_LAG_MAX };
            owner.used_time = owner.used_time.max(clock.saturating_sub(lag_max));
            owner.enqueue(project_id, sender)
        })
    }

    /// Removes the next read from its queue, counts another connection as in use, and returns the read's owner and channel.
    fn start_next_read(&mut self) -> Option<(Arc<str>, PermitSender)> {
        while self.connections_in_use < self.connections_max {
            let (_, used_time, owner_id) = self.ready_owners.first().cloned()?;
            let sender = self.update_owner(&owner_id, |owner| {
                let sender = owner.dequeue();
                owner.connections_in_use += usize::from(sender.is_some());
                sender
            });
            if let Some(sender) = sender {
                self.connections_in_use += 1;
                self.virtual_clock = self.virtual_clock.max(used_time);
                return Some((owner_id, sender));
            }
        }
        None
    }

    fn release(&mut self, owner_id: &Arc<str>, elapsed: Duration) {
        self.connections_in_use -= 1;
        self.update_owner(owner_id, |owner| {
            owner.connections_in_use -= 1;
            owner.used_time += elapsed;
        });
        if self.connections_in_use == 0 && self.ready_owners.is_empty() {
            // No reads are running or pending, so earlier use is irrelevant.
            self.owners.clear();
            self.virtual_clock = Duration::ZERO;
        }
    }

    /// Applies a change to an owner and updates the owner's entry in `ready_owners` accordingly.
    fn update_owner<T>(&mut self, owner_id: &Arc<str>, change: impl FnOnce(&mut OwnerReads) -> T) -> T {
        let owner = self.owners.entry(owner_id.clone()).or_default();
        self.ready_owners.remove(&(owner.connections_in_use, owner.used_time, owner_id.clone()));
        let result = change(owner);
        if owner.pending_count > 0 && owner.connections_in_use < self.connections_per_owner_max {
            self.ready_owners.insert((owner.connections_in_use, owner.used_time, owner_id.clone()));
        } else if owner.is_idle() && owner.used_time <= self.virtual_clock {
            // Keeping the owner would have no effect: a new owner's used time also starts at the virtual clock.
            self.owners.remove(owner_id);
        }
        result
    }
}

impl OwnerReads {
    fn is_idle(&self) -> bool {
        self.connections_in_use == 0 && self.pending_count == 0
    }

    fn enqueue(&mut self, project_id: &str, sender: PermitSender) -> Result<(), Error> {
        if self.is_full(project_id) {
            self.remove_abandoned();
        }
        if self.is_full(project_id) {
            return Err(Error::Busy);
        }
        match self.projects.iter_mut().find(|(id, _)| **id == *project_id) {
            Some((_, senders)) => senders.push_back(sender),
            None => self.projects.push_back((project_id.into(), VecDeque::from([sender]))),
        }
        self.pending_count += 1;
        Ok(())
    }

    fn is_full(&self, project_id: &str) -> bool {
        let project = self.projects.iter().find(|(id, _)| **id == *project_id);
        let pending_of_project = project.map_or(0, |(_, senders)| senders.len());
        self.pending_count >= PENDING_READS_PER_OWNER_MAX || pending_of_project >= PENDING_READS_PER_PROJECT_MAX
    }

    /// Removes and returns the next read that has not been abandoned, and moves its project to the end of the queue if the project has
    /// more pending reads.
    fn dequeue(&mut self) -> Option<PermitSender> {
        while let Some((project_id, mut senders)) = self.projects.pop_front() {
            let sender = senders.pop_front();
            if !senders.is_empty() {
                self.projects.push_back((project_id, senders));
            }
            self.pending_count -= usize::from(sender.is_some());
            if let Some(sender) = sender.filter(|sender| !sender.is_closed()) {
                return Some(sender);
            }
        }
        None
    }

    fn remove_abandoned(&mut self) {
        self.projects.retain_mut(|(_, senders)| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        self.pending_count = self.projects.iter().map(|(_, senders)| senders.len()).sum();
    }
}

#[cfg(test)]
mod tests;
