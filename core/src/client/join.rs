//! Builder of a join with a cursor and streams.

use std::{future::IntoFuture, pin::Pin, sync::Arc};

use super::{EventStream, Project, Shared, TypedStream};
use crate::{
    Cursor, Error,
    delivery::{PlannedStreams, StreamEnd},
    driver::Request,
    events::{EventKind, EventKinds, ProjectId},
};

/// Builder of a join: see [`Client::join_with`](crate::Client::join_with). Await it to join.
///
/// All streams created here start at the join, or at its cursor. Each yields all events of its kinds, once and in
/// order, however slow the others are.
///
/// ```no_run
/// # async fn example(client: automoderate::Client, stored: String) -> Result<(), automoderate::Error> {
/// use automoderate::{EventKinds, StatsUpdate};
///
/// let mut join = client.join_with("proj_1").after(stored);
/// let mut decisions = join.events_in(EventKinds::MODERATION_UPDATE | EventKinds::RULE_UPDATE);
/// let mut stats = join.events_of::<StatsUpdate>();
/// let project = join.await?;
///
/// tokio::spawn(async move {
///     while let Some(Ok(update)) = stats.next().await {
///         println!("{} decided", update.total_content);
///     }
/// });
/// while let Some(event) = decisions.next().await {
///     println!("{}", event?.name());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Awaiting the builder returns the errors of [`Client::join`](crate::Client::join), or `invalid_argument` if the
/// cursor is invalid, or if a cursor is given for a project that is already joined. The streams end with the same
/// error.
///
/// # Cancel safety
/// Once the request is queued, normally at the first poll, the join goes ahead and the streams continue, even if the
/// future is dropped. The streams end if it is dropped earlier, or if the builder is never awaited.
#[derive(Debug)]
#[must_use = "a join does nothing until it is awaited"]
pub struct JoinBuilder {
    client: Arc<Shared>,
    project: ProjectId,
    after: Result<Option<Cursor>, Error>,
    streams: PlannedStreams,
}

impl JoinBuilder {
    pub(super) fn new(client: Arc<Shared>, project: ProjectId) -> Self {
        Self { client, project, after: Ok(None), streams: PlannedStreams::default() }
    }

    /// Starts the streams after this cursor instead of at the join. A [`Gap`](crate::Gap) reports events after the
    /// cursor that the server no longer has. Accepts text and a decimal `event_id`; an invalid cursor is an error of
    /// the join.
    pub fn after<C>(mut self, cursor: C) -> Self
    where
        C: TryInto<Cursor>,
        C::Error: Into<Error>,
    {
        self.after = cursor.try_into().map(Some).map_err(Into::into);
        self
    }

    /// Returns a stream of all events of the project.
    #[must_use]
    pub fn events(&mut self) -> EventStream {
        self.stream(None)
    }

    /// Returns a stream of the events of these kinds. [`Gap`](crate::Gap) and [`Lagged`](crate::Lagged) always pass.
    #[must_use]
    pub fn events_in(&mut self, kinds: EventKinds) -> EventStream {
        self.stream(Some(kinds))
    }

    /// Returns a stream of the events of one kind. Losses are counted in [`TypedStream::losses`].
    #[must_use]
    pub fn events_of<T: EventKind>(&mut self) -> TypedStream<T> {
        TypedStream::new(self.stream(Some(T::KIND)))
    }

    fn stream(&mut self, kinds: Option<EventKinds>) -> EventStream {
        let ring = self.client.hub.ring();
        self.streams.add(ring.clone(), kinds);
        EventStream::from_ring(self.client.clone(), ring, Some(&self.project), kinds.is_some())
    }

    async fn join(self) -> Result<Project, Error> {
        let Self { client, project, after, streams } = self;
        let after = match after {
            Ok(_) if project.trim().is_empty() => Err(Error::invalid_argument("project: the id must not be empty")),
            after => after,
        };
        match after {
            Ok(after) => {
                client.ask(Request::Join { project: project.clone(), after, streams }).await?;
                Ok(Project::new(project, client))
            }
            Err(error) => {
                streams.end(&StreamEnd::Failed(error.clone()));
                Err(error)
            }
        }
    }
}

impl IntoFuture for JoinBuilder {
    type Output = Result<Project, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.join())
    }
}
