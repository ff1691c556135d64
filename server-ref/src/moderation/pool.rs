//! Threads for matching and compiling, shared fairly between projects.
//!
//! The project that has used the least time goes first, so a project with expensive rules delays only itself: another
//! one waits for at most one slice. A project uses one thread at a time, and its waiting jobs are bounded in bytes.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::Error;

/// The time after which another project gets its turn.
const TIME_SLICE: Duration = Duration::from_millis(5);
/// The most bytes, and the most waiting jobs, of one project.
const WAITING_BYTES_MAX: usize = 32 * 1024 * 1024;
const WAITING_JOBS_MAX: usize = 1024;

/// A job, which is called until it returns true. A call takes a few milliseconds.
type MatchingJob = Box<dyn FnMut() -> bool + Send>;

/// A pool of threads that ends when it is dropped.
pub(crate) struct FairPool {
    shared: Arc<PoolShared>,
}

struct PoolShared {
    state: Mutex<PoolState>,
    work: Condvar,
}

#[derive(Default)]
struct PoolState {
    projects: HashMap<Arc<str>, ProjectJobs>,
    /// The projects with a job and no thread, the next one first.
    ready: BTreeSet<(Duration, Arc<str>)>,
    /// The used time of the project served last; new projects start with this time.
    clock: Duration,
    /// The largest used time of any project.
    latest: Duration,
    running: usize,
    closed: bool,
}

/// The jobs of a project.
#[derive(Default)]
struct ProjectJobs {
    jobs: VecDeque<(usize, MatchingJob)>,
    bytes: usize,
    /// Time that the project has used, starting from the clock's value at its first job.
    used: Duration,
    running: bool,
}

impl FairPool {
    pub(crate) fn new(threads: usize) -> Result<Self, Error> {
        let pool = Self { shared: Arc::new(PoolShared { state: Mutex::default(), work: Condvar::new() }) };
        for _ in 0..threads.max(1) {
            let shared = pool.shared.clone();
            thread::Builder::new()
                .name("matching".into())
                .spawn(move || shared.work())
                .map_err(|error| Error::Internal(format!("no thread for matching: {error}")))?;
        }
        Ok(pool)
    }

    /// Calls `work` until it has an answer. `bytes` is its memory use. The work stops when the caller stops waiting.
    ///
    /// # Errors
    /// [`Error::Busy`] when too much waits for the project already.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        project_id: &Arc<str>,
        bytes: usize,
        mut work: impl FnMut() -> Option<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let mut answer = Some(answer);
        self.push(
            project_id,
            bytes,
            Box::new(move || {
                if answer.as_ref().is_none_or(oneshot::Sender::is_closed) {
                    return true;
                }
                let Some(done) = work() else { return false };
                if let Some(answer) = answer.take() {
                    let _ = answer.send(done);
                }
                true
            }),
        )?;
        answered.await.map_err(|_| Error::Internal("a matching thread gave up a job".into()))
    }

    fn push(&self, project_id: &Arc<str>, bytes: usize, job: MatchingJob) -> Result<(), Error> {
        let mut state = self.shared.lock();
        let PoolState { projects, ready, clock, .. } = &mut *state;
        let queue = projects.entry(project_id.clone()).or_default();
        if queue.jobs.len() >= WAITING_JOBS_MAX || (!queue.jobs.is_empty() && queue.bytes + bytes > WAITING_BYTES_MAX) {
            return Err(Error::Busy);
        }
        queue.jobs.push_back((bytes, job));
        queue.bytes += bytes;
        if queue.jobs.len() == 1 && !queue.running {
            queue.used = queue.used.max(*clock);
            ready.insert((queue.used, project_id.clone()));
            drop(state);
            self.shared.work.notify_one();
        }
        Ok(())
    }
}

impl PoolShared {
    fn lock(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread's loop until the pool is dropped.
    fn work(&self) {
        let mut state = self.lock();
        while !state.closed {
            let Some((project_id, mut job)) = state.next() else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
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
    /// The next job of the project that has used the least time.
    fn next(&mut self) -> Option<(Arc<str>, (usize, MatchingJob))> {
        let (used, project_id) = self.ready.pop_first()?;
        self.clock = self.clock.max(used);
        let queue = self.projects.get_mut(&project_id)?;
        let job = queue.jobs.pop_front()?;
        queue.running = true;
        self.running += 1;
        Some((project_id, job))
    }

    /// Accounts for a slice. An unfinished job continues at the project's next turn.
    fn end_slice(
        &mut self,
        project_id: &Arc<str>,
        elapsed: Duration,
        bytes: usize,
        unfinished: Option<(usize, MatchingJob)>,
    ) {
        self.running -= 1;
        let Some(queue) = self.projects.get_mut(project_id) else { return };
        queue.running = false;
        queue.used += elapsed;
        self.latest = self.latest.max(queue.used);
        match unfinished {
            Some(job) => queue.jobs.push_front(job),
            None => queue.bytes -= bytes,
        }
        if !queue.jobs.is_empty() {
            self.ready.insert((queue.used, project_id.clone()));
        }
        if self.running == 0 && self.ready.is_empty() {
            // Nothing waits, so earlier use no longer counts.
            self.projects.clear();
            self.clock = self.latest;
        }
    }
}

impl Drop for FairPool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
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

    fn spin(time: Duration) {
        let started = Instant::now();
        while started.elapsed() < time {
            std::hint::spin_loop();
        }
    }

    /// A job that uses a slice of its project's time at each call, until `end` is set.
    fn heavy(end: &Arc<AtomicBool>) -> impl FnMut() -> Option<()> + Send + 'static {
        let end = end.clone();
        move || {
            spin(TIME_SLICE);
            end.load(Ordering::Relaxed).then_some(())
        }
    }

    #[tokio::test]
    async fn another_project_waits_for_slices_only() {
        let pool = Arc::new(FairPool::new(1).unwrap());
        let end = Arc::new(AtomicBool::new(false));
        let hogs: Vec<_> = (0..3)
            .map(|n| {
                let (pool, work) = (pool.clone(), heavy(&end));
                tokio::spawn(async move { pool.run(&format!("hog{n}").into(), 0, work).await })
            })
            .collect();
        // Answered although the others' work is endless.
        for n in 0..20 {
            assert_eq!(pool.run(&"light".into(), 0, move || Some(n)).await.unwrap(), n);
        }
        end.store(true, Ordering::Relaxed);
        for hog in hogs {
            hog.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn work_ends_when_nobody_waits_for_it() {
        let pool = FairPool::new(1).unwrap();
        let end = Arc::new(AtomicBool::new(false));
        let (project, work) = ("a".into(), heavy(&end));
        assert!(tokio::time::timeout(TIME_SLICE, pool.run(&project, 0, work)).await.is_err());
        // The same project's next job, once the only thread is free again.
        pool.run(&project, 0, || Some(())).await.unwrap();
    }

    #[tokio::test]
    async fn what_waits_is_bounded_in_bytes() {
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
            async move { pool.run(&project, WAITING_BYTES_MAX, || Some(())).await }
        });
        tokio::task::yield_now().await;
        assert!(matches!(pool.run(&project, 1, || Some(())).await, Err(Error::Busy)));
        release.send(()).unwrap();
        running.await.unwrap().unwrap();
        waiting.await.unwrap().unwrap();
        pool.run(&project, 1, || Some(())).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_costs_its_job_only() {
        let pool = FairPool::new(1).unwrap();
        let project = "a".into();
        let panics: fn() -> Option<()> = || panic!("as the test wants");
        assert!(matches!(pool.run(&project, 0, panics).await, Err(Error::Internal(_))));
        pool.run(&project, 0, || Some(())).await.unwrap();
    }
}
