//! A pool of threads for matching and compiling rules, shared fairly among projects.
//!
//! The project that has used the least time is served first. A project with expensive rules therefore delays mainly itself: it holds up
//! another project at most until its time slice and the call in progress have ended. A project uses one thread at a time, and its pending
//! jobs are limited in number and size.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::Error;

/// Time after which a thread switches to the project that is next in line.
const TIME_SLICE: Duration = Duration::from_millis(5);
/// Maximum total size of one project's pending and running jobs, in bytes. While no job is pending, a job of any size is accepted.
const PENDING_BYTES_PER_PROJECT_MAX: usize = 32 * 1024 * 1024;
/// Maximum number of pending jobs per project.
const PENDING_JOBS_PER_PROJECT_MAX: usize = 1024;

/// A job, called repeatedly until it returns true. A call takes at most a few milliseconds, or about 50 ms for step-by-step matching.
type PoolJob = Box<dyn FnMut() -> bool + Send>;

/// A pool of threads, which end when the pool is dropped.
pub(crate) struct FairPool {
    shared: Arc<PoolShared>,
}

struct PoolShared {
    state: Mutex<PoolState>,
    /// Notified when a new job makes a project ready, and when the pool is closed.
    job_ready: Condvar,
}

#[derive(Default)]
struct PoolState {
    projects: HashMap<Arc<str>, ProjectJobs>,
    /// The projects that have a pending job and use no thread, ordered by used time.
    ready_projects: BTreeSet<(Duration, Arc<str>)>,
    /// The largest used time that any project had when one of its jobs was started or resumed. When the pool becomes idle, this value advances to
    /// `largest_used_time`. An idle project is given at least this used time when its next job arrives, so that idleness is no advantage.
    virtual_clock: Duration,
    /// The largest used time that any project has reached.
    largest_used_time: Duration,
    running_jobs: usize,
    is_closed: bool,
}

#[derive(Default)]
struct ProjectJobs {
    /// The pending jobs, with their sizes in bytes.
    pending_jobs: VecDeque<(usize, PoolJob)>,
    /// The total size of the pending and running jobs, in bytes.
    unfinished_bytes: usize,
    /// The time that the project has used, raised to the virtual clock when a job arrives after an idle period.
    used_time: Duration,
    is_running: bool,
}

impl FairPool {
    pub(crate) fn new(threads: usize) -> Result<Self, Error> {
        let pool = Self { shared: Arc::new(PoolShared { state: Mutex::default(), job_ready: Condvar::new() }) };
        for _ in 0..threads.max(1) {
            let shared = pool.shared.clone();
            thread::Builder::new()
                .name("matching".into())
                .spawn(move || shared.run_jobs())
                .map_err(|error| Error::Internal(format!("a matching thread could not be started: {error}")))?;
        }
        Ok(pool)
    }

    /// Calls `work` repeatedly until it returns a result. `bytes` is the size of the work in memory. The work stops if the returned
    /// future is dropped.
    ///
    /// # Errors
    /// Returns [`Error::Busy`] if the project's jobs are too numerous or too large in total, and [`Error::Internal`] if `work` panics.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        project_id: &Arc<str>,
        bytes: usize,
        mut work: impl FnMut() -> Option<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = oneshot::channel();
        let mut sender = Some(sender);
        self.enqueue(
            project_id,
            bytes,
            Box::new(move || {
                if sender.as_ref().is_none_or(oneshot::Sender::is_closed) {
                    return true;
                }
                let Some(result) = work() else { return false };
                if let Some(sender) = sender.take() {
                    let _ = sender.send(result);
                }
                true
            }),
        )?;
        receiver.await.map_err(|_| Error::Internal("a job of the matching pool ended without a result".into()))
    }

    fn enqueue(&self, project_id: &Arc<str>, bytes: usize, job: PoolJob) -> Result<(), Error> {
        let mut state = self.shared.lock();
        let PoolState { projects, ready_projects, virtual_clock, .. } = &mut *state;
        let queue = projects.entry(project_id.clone()).or_default();
        if queue.pending_jobs.len() >= PENDING_JOBS_PER_PROJECT_MAX
            || (!queue.pending_jobs.is_empty() && queue.unfinished_bytes + bytes > PENDING_BYTES_PER_PROJECT_MAX)
        {
            return Err(Error::Busy);
        }
        queue.pending_jobs.push_back((bytes, job));
        queue.unfinished_bytes += bytes;
        if queue.pending_jobs.len() == 1 && !queue.is_running {
            queue.used_time = queue.used_time.max(*virtual_clock);
            ready_projects.insert((queue.used_time, project_id.clone()));
            drop(state);
            self.shared.job_ready.notify_one();
        }
        Ok(())
    }
}

impl PoolShared {
    fn lock(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs jobs until the pool is dropped. Every thread of the pool executes this function.
    fn run_jobs(&self) {
        let mut state = self.lock();
        while !state.is_closed {
            let Some((project_id, mut job)) = state.next_job() else {
                state = self.job_ready.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            let started = Instant::now();
            let done = loop {
                let done = catch_unwind(AssertUnwindSafe(&mut job.1)).unwrap_or(true);
                if done || started.elapsed() >= TIME_SLICE {
                    break done;
                }
            };
            let (bytes, unfinished) = (job.0, (!done).then_some(job));
            state = self.lock();
            state.end_slice(&project_id, started.elapsed(), bytes, unfinished);
        }
    }
}

impl PoolState {
    /// Removes and returns the next job of the ready project that has used the least time.
    fn next_job(&mut self) -> Option<(Arc<str>, (usize, PoolJob))> {
        let (used_time, project_id) = self.ready_projects.pop_first()?;
        self.virtual_clock = self.virtual_clock.max(used_time);
        let queue = self.projects.get_mut(&project_id)?;
        let job = queue.pending_jobs.pop_front()?;
        queue.is_running = true;
        self.running_jobs += 1;
        Some((project_id, job))
    }

    /// Ends a time slice and adds its duration to the project's used time. An unfinished job is resumed at the project's next turn.
    fn end_slice(
        &mut self,
        project_id: &Arc<str>,
        elapsed: Duration,
        bytes: usize,
        unfinished: Option<(usize, PoolJob)>,
    ) {
        self.running_jobs -= 1;
        let Some(queue) = self.projects.get_mut(project_id) else { return };
        queue.is_running = false;
        queue.used_time += elapsed;
        self.largest_used_time = self.largest_used_time.max(queue.used_time);
        match unfinished {
            Some(job) => queue.pending_jobs.push_front(job),
            None => queue.unfinished_bytes -= bytes,
        }
        if !queue.pending_jobs.is_empty() {
            self.ready_projects.insert((queue.used_time, project_id.clone()));
        }
        if self.running_jobs == 0 && self.ready_projects.is_empty() {
            // No jobs are running or pending, so earlier use is irrelevant.
            self.projects.clear();
            self.virtual_clock = self.largest_used_time;
        }
    }
}

impl Drop for FairPool {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.job_ready.notify_all();
    }
}

impl fmt::Debug for FairPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FairPool").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use super::*;

    fn busy_wait(time: Duration) {
        let started = Instant::now();
        while started.elapsed() < time {
            std::hint::spin_loop();
        }
    }

    /// Returns work that uses a whole time slice in each call, until `end` is set.
    fn heavy_work(end: &Arc<AtomicBool>) -> impl FnMut() -> Option<()> + Send + 'static {
        let end = end.clone();
        move || {
            busy_wait(TIME_SLICE);
            end.load(Ordering::Relaxed).then_some(())
        }
    }

    #[tokio::test]
    async fn a_project_is_served_between_the_time_slices_of_others() {
        let pool = Arc::new(FairPool::new(1).unwrap());
        let end = Arc::new(AtomicBool::new(false));
        let hogs: Vec<_> = (0..3)
            .map(|n| {
                let (pool, work) = (pool.clone(), heavy_work(&end));
                tokio::spawn(async move { pool.run(&format!("hog{n}").into(), 0, work).await })
            })
            .collect();
        // These jobs finish although the work of the other projects does not end.
        for n in 0..20 {
            assert_eq!(pool.run(&"light".into(), 0, move || Some(n)).await.unwrap(), n);
        }
        end.store(true, Ordering::Relaxed);
        for hog in hogs {
            hog.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn work_stops_when_its_caller_stops_waiting() {
        let pool = FairPool::new(1).unwrap();
        let end = Arc::new(AtomicBool::new(false));
        let (project, work) = ("a".into(), heavy_work(&end));
        assert!(tokio::time::timeout(TIME_SLICE, pool.run(&project, 0, work)).await.is_err());
        // The project's next job runs once the only thread is free again.
        pool.run(&project, 0, || Some(())).await.unwrap();
    }

    #[tokio::test]
    async fn pending_jobs_are_limited_in_size() {
        let pool = Arc::new(FairPool::new(1).unwrap());
        let (started, has_started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let project: Arc<str> = "a".into();
        let running = tokio::spawn({
            let (pool, project) = (pool.clone(), project.clone());
            async move {
                pool.run(&project, 0, move || {
                    let _ = started.send(());
                    released.recv().ok()
                })
                .await
            }
        });
        tokio::task::yield_now().await;
        has_started.recv().unwrap();
        let waiting = tokio::spawn({
            let (pool, project) = (pool.clone(), project.clone());
            async move { pool.run(&project, PENDING_BYTES_PER_PROJECT_MAX, || Some(())).await }
        });
        tokio::task::yield_now().await;
        assert!(matches!(pool.run(&project, 1, || Some(())).await, Err(Error::Busy)));
        release.send(()).unwrap();
        running.await.unwrap().unwrap();
        waiting.await.unwrap().unwrap();
        pool.run(&project, 1, || Some(())).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_affects_only_its_own_job() {
        let pool = FairPool::new(1).unwrap();
        let project = "a".into();
        let panics: fn() -> Option<()> = || panic!("intended by the test");
        assert!(matches!(pool.run(&project, 0, panics).await, Err(Error::Internal(_))));
        pool.run(&project, 0, || Some(())).await.unwrap();
    }
}
