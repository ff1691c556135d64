//! Connections for reading, and their fair distribution among project owners.

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

/// Maximum number of projects whose owners are cached.
const CACHED_OWNERS_MAX: usize = 10_000;
/// Time for which the owner of a project is cached.
const OWNER_CACHE_TTL: Duration = Duration::from_secs(60);

pub(super) type ReadConnection = Backend<PoolConnection<Sqlite>, PoolConnection<Postgres>>;

/// A scheduler that shares the connections fairly among the owners of projects, with a cache of the owners.
pub(super) struct OwnerReadScheduler {
    scheduler: ReadScheduler,
    /// The id of each project's first owner, or of the project itself if it has no owner, with the time of the lookup.
    owner_ids: Cache<String, (Arc<str>, Instant)>,
}

impl OwnerReadScheduler {
    pub(super) fn new(pool_size: u32) -> Self {
        Self { scheduler: ReadScheduler::new(pool_size), owner_ids: Cache::new(CACHED_OWNERS_MAX) }
    }
}

impl fmt::Debug for OwnerReadScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnerReadScheduler").field("scheduler", &self.scheduler).finish_non_exhaustive()
    }
}

/// A connection for reading that counts toward the project owner's limit on connections.
pub(super) struct ProjectReadConnection {
    connection: ReadConnection,
    _permit: ReadPermit,
}

impl Deref for ProjectReadConnection {
    type Target = ReadConnection;

    fn deref(&self) -> &ReadConnection {
        &self.connection
    }
}

impl DerefMut for ProjectReadConnection {
    fn deref_mut(&mut self) -> &mut ReadConnection {
        &mut self.connection
    }
}

impl Store {
    /// Returns a connection for reading without waiting for an owner's turn. Long reads are stopped.
    pub(super) async fn read_connection(&self) -> Result<ReadConnection, Error> {
        Ok(match &self.inner.database {
            Backend::Sqlite(database) => Backend::Sqlite(database.read_pool.acquire().await?),
            Backend::Postgres(database) => Backend::Postgres(database.read_pool.acquire().await?),
        })
    }

    /// Waits for the turn of the project's owner, and returns a connection for reading any number of the project's rows.
    ///
    /// To avoid deadlocks, the caller must drop the connection before it requests another one.
    pub(super) async fn project_read_connection(&self, project_id: &str) -> Result<ProjectReadConnection, Error> {
        let owner_id = self.first_owner_or_project_id(project_id).await?;
        let permit = self.inner.owner_read_scheduler.scheduler.acquire(&owner_id, project_id).await?;
        Ok(ProjectReadConnection { connection: self.read_connection().await?, _permit: permit })
    }

    /// Returns the id of the owner who joined the project first, or the project's own id if the project has no owner.
    async fn first_owner_or_project_id(&self, project_id: &str) -> Result<Arc<str>, Error> {
        const SELECT_FIRST_OWNER: &str = "SELECT user_id FROM members WHERE project_id = $1 AND role = 'owner'
                             ORDER BY joined_at, user_id LIMIT 1";
        let owner_ids = &self.inner.owner_read_scheduler.owner_ids;
        owner_ids.remove_if(project_id, |(_, looked_up_at)| looked_up_at.elapsed() >= OWNER_CACHE_TTL);
        let lookup = async {
            let owner_id: Option<String> = with_conn!(&mut self.read_connection().await?, db => {
                sqlx::query_scalar(SELECT_FIRST_OWNER).bind(project_id).fetch_optional(db).await?
            });
            Ok::<_, Error>((owner_id.as_deref().unwrap_or(project_id).into(), Instant::now()))
        };
        let (owner_id, _) = owner_ids.get_or_insert_async(project_id, lookup).await?;
        Ok(owner_id)
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

    const TEST_TIMEOUT: Duration = Duration::from_secs(3);

    async fn wait_until(description: &str, condition: impl Fn() -> bool) {
        let wait = async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(TEST_TIMEOUT, wait).await.unwrap_or_else(|_| panic!("timed out waiting until {description}"));
    }

    /// Creates a user and `count` projects that the user owns.
    async fn create_projects(store: &Store, email: &str, count: usize) -> Vec<String> {
        let by = Actor::system();
        let owner = store.create_user(email, "hash", false, &by).await.unwrap();
        let mut projects = Vec::new();
        for n in 0..count {
            projects.push(store.create_project(&format!("{email} {n}"), Some(&owner.id), &by).await.unwrap());
        }
        projects
    }

    /// Starts one read per project. Each read holds its connection until it obtains a permit from `end`. Returns once every
    /// read either holds a connection or is pending.
    async fn start_endless_reads(store: &Store, projects: Vec<String>, end: &Arc<Semaphore>) -> Vec<JoinHandle<()>> {
        let scheduler = &store.inner.owner_read_scheduler.scheduler;
        let pending_before = scheduler.pending_reads();
        let started = Arc::new(());
        let read = |project: String| {
            let (store, started, end) = (store.clone(), started.clone(), end.clone());
            tokio::spawn(async move {
                let _connection = store.project_read_connection(&project).await.unwrap();
                drop(started);
                end.acquire().await.unwrap().forget();
            })
        };
        let reads = projects.into_iter().map(read).collect();
        wait_until("all reads have started", || {
            Arc::strong_count(&started) - 1 == scheduler.pending_reads() - pending_before
        })
        .await;
        reads
    }

    #[tokio::test]
    async fn an_owner_of_many_projects_leaves_connections_for_other_owners() {
        let (store, _folder) = empty_store().await;
        let flood = create_projects(&store, "flood@example.com", 50).await;
        let other = create_projects(&store, "other@example.com", 1).await;
        let reads = start_endless_reads(&store, flood, &Arc::new(Semaphore::new(0))).await;
        timeout(TEST_TIMEOUT, store.project_read_connection(&other[0]))
            .await
            .expect("a connection is available to the other owner")
            .unwrap();
        reads.iter().for_each(JoinHandle::abort);
    }

    #[tokio::test]
    async fn a_new_owner_precedes_owners_who_hold_connections() {
        let (store, _folder) = empty_store().await;
        let (mut reads, end) = (Vec::new(), Arc::new(Semaphore::new(0)));
        for email in ["a@example.com", "b@example.com"] {
            reads.extend(start_endless_reads(&store, create_projects(&store, email, 50).await, &end).await);
        }
        let other = create_projects(&store, "other@example.com", 1).await.remove(0);
        let waiting = store.inner.owner_read_scheduler.scheduler.pending_reads();
        let new_owner_read = tokio::spawn({
            let store = store.clone();
            async move { store.project_read_connection(&other).await.map(drop) }
        });
        wait_until("the new owner's read is pending", || {
            store.inner.owner_read_scheduler.scheduler.pending_reads() > waiting
        })
        .await;
        end.add_permits(1);
        timeout(TEST_TIMEOUT, new_owner_read)
            .await
            .expect("the new owner receives the next free connection")
            .unwrap()
            .unwrap();
        reads.iter().for_each(JoinHandle::abort);
    }
}
