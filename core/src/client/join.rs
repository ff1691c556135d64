//! Builder for a join with a cursor and streams.

use std::{future::IntoFuture, pin::Pin, sync::Arc};

use super::{ClientShared, EventStream, Project, TypedStream};
use crate::{
    Cursor, Error,
    delivery::{PlannedStreams, StreamEnd},
    driver::RequestFromHandle,
    events::{EventKind, EventKinds, ProjectId},
};

/// Builder for a join, returned by [`Client::join_with`](crate::Client::join_with). Await it to join the project.
///
/// All streams created by the builder start at the join, or after the cursor if one is set. Each stream yields the
/// events of its kinds, each once and in order; a slow stream does not delay the others.
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
/// Awaiting the builder returns the same errors as [`Client::join`](crate::Client::join). It also returns
/// `invalid_argument` if the cursor is invalid, or if a cursor is set and the project is already joined or being
/// joined. If the join fails, its streams end with the same error.
///
/// # Cancel safety
/// Once the request has been queued, which normally happens on the first poll, dropping the future cancels neither the
/// join nor its streams. If the future or the builder is dropped before the request is queued, the streams end.
#[derive(Debug)]
#[must_use = "a join does nothing until it is awaited"]
pub struct JoinBuilder {
    client: Arc<ClientShared>,
    project: ProjectId,
    after: Result<Option<Cursor>, Error>,
    streams: PlannedStreams,
}

impl JoinBuilder {
    pub(super) fn new(client: Arc<ClientShared>, project: ProjectId) -> Self {
        Self { client, project, after: Ok(None), streams: PlannedStreams::default() }
    }

    /// Makes the streams start after a cursor instead of at the join. If the server no longer has some of the
    /// events after the cursor, a [`Gap`](crate::Gap) takes their place.
    ///
    /// `cursor` can be a [`Cursor`], the text of a cursor, or an `event_id`. An invalid cursor is reported when the
    /// builder is awaited.
    pub fn after<C>(mut self, cursor: C) -> Self
    where
        C: TryInto<Cursor>,
        C::Error: Into<Error>,
    {
        self.after = cursor.try_into().map(Some).map_err(Into::into);
        self
    }

    /// Creates a stream of all of the project's events.
    #[must_use]
    pub fn events(&mut self) -> EventStream {
        self.stream(None)
    }

    /// Creates a stream of the project's events of the given kinds. [`Gap`](crate::Gap) and [`Lagged`](crate::Lagged)
    /// are always yielded.
    #[must_use]
    pub fn events_in(&mut self, kinds: EventKinds) -> EventStream {
        self.stream(Some(kinds))
    }

    /// Creates a stream of the project's events of type `T`. Losses are counted in [`TypedStream::losses`].
    #[must_use]
    pub fn events_of<T: EventKind>(&mut self) -> TypedStream<T> {
        TypedStream::new(self.stream(Some(T::KIND)))
    }

    fn stream(&mut self, kinds: Option<EventKinds>) -> EventStream {
        let buffer = self.client.hub.new_buffer();
        self.streams.add(buffer.clone(), kinds);
        EventStream::from_buffer(self.client.clone(), buffer, Some(&self.project), kinds.is_some())
    }

    async fn join(self) -> Result<Project, Error> {
        let Self { client, project, after, streams } = self;
        let after = match after {
            Ok(_) if project.trim().is_empty() => Err(Error::invalid_argument("project: the id must not be empty")),
            after => after,
        };
        match after {
            Ok(after) => {
                client.send_request(RequestFromHandle::Join { project: project.clone(), after, streams }).await?;
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
