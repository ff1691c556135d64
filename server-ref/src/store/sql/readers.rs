//! Connections for reading.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use sqlx::pool::PoolConnection;
use sqlx::{Postgres, Sqlite};
use tokio::time::Instant;

use super::{Backend, Store, with_conn};
use crate::Error;
use crate::store::read_scheduler::{ReadPermit, ReadScheduler};

/// The projects whose owners are remembered.
const OWNERS_CACHED_MAX: usize = 10_000;
/// The time after which an owner is looked up again.
const OWNER_CACHE_TTL: Duration = Duration::from_secs(60);

pub(super) type ReadConnection = Backend<PoolConnection<Sqlite>, PoolConnection<Postgres>>;

/// The scheduler of reads, and the owners that it needs to know.
pub(super) struct Readers {
    scheduler: ReadScheduler,
    /// The owner of a project, and the time of the lookup.
    owners: Cache<String, (Arc<str>, Instant)>,
}

impl Readers {
    pub(super) fn new(pool_size: u32) -> Self {
        Self { scheduler: ReadScheduler::new(pool_size), owners: Cache::new(OWNERS_CACHED_MAX) }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("scheduler", &self.scheduler).finish_non_exhaustive()
    }
}

/// A connection that counts among those of its project's owner.
pub(super) struct ProjectReader {
    reader: ReadConnection,
    _permit: ReadPermit,
}

impl Deref for ProjectReader {
    type Target = ReadConnection;

    fn deref(&self) -> &ReadConnection {
        &self.reader
    }
}

impl DerefMut for ProjectReader {
    fn deref_mut(&mut self) -> &mut ReadConnection {
        &mut self.reader
    }
}

impl Store {
    /// A connection for reading a few rows. Long reads are stopped.
    pub(super) async fn reader(&self) -> Result<ReadConnection, Error> {
        Ok(match &self.inner.database {
            Backend::Sqlite(database) => Backend::Sqlite(database.readers.acquire().await?),
            Backend::Postgres(database) => Backend::Postgres(database.readers.acquire().await?),
        })
    }

    /// A connection for reading any number of rows of a project, when it is its owner's turn. Must be released before
    /// requesting another one.
    pub(super) async fn reader_of(&self, project_id: &str) -> Result<ProjectReader, Error> {
        let owner = self.owner_of(project_id).await?;
        let permit = self.inner.readers.scheduler.acquire(&owner, project_id).await?;
        Ok(ProjectReader { reader: self.reader().await?, _permit: permit })
    }

    /// The owner who joined first; of a project without an owner, its own id.
    async fn owner_of(&self, project_id: &str) -> Result<Arc<str>, Error> {
        const QUERY: &str = "SELECT user_id FROM members WHERE project_id = $1 AND role = 'owner'
                             ORDER BY joined_at, user_id LIMIT 1";
        let owners = &self.inner.readers.owners;
        owners.remove_if(project_id, |(_, looked_up_at)| looked_up_at.elapsed() >= OWNER_CACHE_TTL);
        let lookup = async {
            let owner: Option<String> = with_conn!(&mut self.reader().await?, db => {
                sqlx::query_scalar(QUERY).bind(project_id).fetch_optional(db).await?
            });
            Ok::<_, Error>((owner.as_deref().unwrap_or(project_id).into(), Instant::now()))
        };
        let (owner, _) = owners.get_or_insert_async(project_id, lookup).await?;
        Ok(owner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::Semaphore;
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use super::*;
    use crate::store::Actor;
    use crate::store::sql::tests::empty_store;

    const SOON: Duration = Duration::from_secs(3);

    async fn until(what: &str, is_so: impl Fn() -> bool) {
        let wait = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(SOON, wait).await.unwrap_or_else(|_| panic!("not so in time: {what}"));
    }

    /// Projects of one owner.
    async fn projects(store: &Store, email: &str, count: usize) -> Vec<String> {
        let by = Actor::system();
        let owner = store.create_user(email, "hash", false, &by).await.unwrap();
        let mut projects = Vec::new();
        for n in 0..count {
            projects.push(store.create_project(&format!("{email} {n}"), Some(&owner.id), &by).await.unwrap());
        }
        projects
    }

    /// Reads that keep their connections until the test ends one of them by a permit. Returns when each has a connection or
    /// waits for one.
    async fn endless_reads(store: &Store, projects: Vec<String>, end: &Arc<Semaphore>) -> Vec<JoinHandle<()>> {
        let scheduler = &store.inner.readers.scheduler;
        let before = scheduler.waiting();
        let started = Arc::new(());
        let read = |project: String| {
            let (store, started, end) = (store.clone(), started.clone(), end.clone());
            tokio::spawn(async move {
                let _reader = store.reader_of(&project).await.unwrap();
                drop(started);
                end.acquire().await.unwrap().forget();
            })
        };
        let reads = projects.into_iter().map(read).collect();
        until("all reads wait", || Arc::strong_count(&started) - 1 == scheduler.waiting() - before).await;
        reads
    }

    #[tokio::test]
    async fn an_owner_of_many_projects_leaves_a_connection_to_the_others() {
        let (store, _folder) = empty_store().await;
        let flood = projects(&store, "flood@example.com", 50).await;
        let other = projects(&store, "other@example.com", 1).await;
        let reads = endless_reads(&store, flood, &Arc::new(Semaphore::new(0))).await;
        timeout(SOON, store.reader_of(&other[0])).await.expect("a connection is free").unwrap();
        reads.iter().for_each(JoinHandle::abort);
    }

    #[tokio::test]
    async fn a_newcomer_goes_before_those_who_hold_connections() {
        let (store, _folder) = empty_store().await;
        let (mut reads, end) = (Vec::new(), Arc::new(Semaphore::new(0)));
        for email in ["a@example.com", "b@example.com"] {
            reads.extend(endless_reads(&store, projects(&store, email, 50).await, &end).await);
        }
        let other = projects(&store, "other@example.com", 1).await.remove(0);
        let waiting = store.inner.readers.scheduler.waiting();
        let newcomer = tokio::spawn({
            let store = store.clone();
            async move { store.reader_of(&other).await.map(drop) }
        });
        until("the newcomer waits", || store.inner.readers.scheduler.waiting() > waiting).await;
        end.add_permits(1);
        timeout(SOON, newcomer).await.expect("the next connection is the newcomer's").unwrap().unwrap();
        reads.iter().for_each(JoinHandle::abort);
    }
}
