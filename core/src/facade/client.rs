//! The client and its projects, for bindings.

use serde_json::Value;

use super::{
    ClientOptions, FacadeLiveView, FacadeStates, FacadeStream, StateRecord,
    runtime::{ProcessGuard, run_on_runtime},
};
use crate::{
    Batch, Client, ClientBuilder, Content, ContentFilter, ContentPage, Error, ErrorKind, Health, Metrics, Moderation,
    Project, Snapshot, State, StateChanges, Statistics, Submission, events::EventKinds,
};

/// [`Client`] for a binding. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FacadeClient {
    client: Client,
    guard: ProcessGuard,
}

/// [`Project`] for a binding. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FacadeProject {
    project: Project,
    guard: ProcessGuard,
}

/// Defines methods that run on the facade's runtime and can't be used in a forked child.
macro_rules! forward_to_client {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty = |$client:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// Returns the errors of the [`Client`] method of the same name, and `closed` in a forked child.
            ///
            /// # Cancel safety
            /// Once the future has been polled, the operation continues even if the future is dropped.
            pub async fn $name(&self $(, $arg: $ty)*) -> Result<$out, Error> {
                self.guard.check()?;
                let $client = self.client.clone();
                run_on_runtime(async move { $body }).await
            }
        )*
    };
}

impl FacadeClient {
    /// Creates a client without connecting it.
    ///
    /// # Errors
    /// Returns `invalid_argument` if an option is invalid. The message names the option.
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        Self::from_builder(options.into_builder()?)
    }

    /// Creates a client from a builder, which may have a credentials provider. Does not connect the client.
    ///
    /// # Errors
    /// Returns `invalid_argument` if an option is invalid. The message names the option.
    pub fn from_builder(builder: ClientBuilder) -> Result<Self, Error> {
        Ok(Self { client: builder.build()?, guard: ProcessGuard::current() })
    }

    forward_to_client! {
        /// Connects to the server. If this method has been called before, waits for the outcome of the first call, and
        /// returns the reason if the client has closed.
        connect() -> () = |client| match client.connect().await {
            Err(error) if error.kind() == ErrorKind::InvalidArgument => {
                first_connection_outcome(client.state_changes(), || client.metrics().connections).await
            }
            result => result,
        };
        /// Joins a project. With a cursor in `after`, resumes the event stream after it, as [`Client::join_after`] does.
        join(project: String, after: Option<String>) -> FacadeProject = |client| {
            let project = match after {
                Some(after) => client.join_after(project, after).await?,
                None => client.join(project).await?,
            };
            Ok(FacadeProject { project, guard: ProcessGuard::current() })
        };
        /// Sends a custom event.
        emit(name: String, data: Value) -> () = |client| client.emit(&name, data).await;
        /// Sends a custom event and waits for the server to acknowledge it.
        emit_with_ack(name: String, data: Value) -> Value = |client| client.emit_with_ack(&name, data).await;
        /// Submits content for moderation.
        moderate(submission: Submission) -> Moderation = |client| client.moderate(submission).await;
        /// Submits a batch for moderation. Returns one result for each submission.
        moderate_batch(
            submissions: Vec<Submission>,
            idempotency_key: Option<String>
        ) -> Vec<Result<Moderation, Error>> = |client| {
            let batch = Batch::from(submissions);
            client.moderate_batch(idempotency_key.into_iter().fold(batch, Batch::idempotency_key)).await
        };
        /// Fetches a content item by id.
        content(id: String) -> Content = |client| client.content(&id).await;
        /// Fetches one page of content items.
        contents_page(filter: ContentFilter) -> ContentPage = |client| client.contents_page(filter).await;
        /// Fetches the moderation statistics of the project that the credentials belong to.
        statistics() -> Statistics = |client| client.statistics().await;
        /// Checks the health of the server.
        health() -> Health = |client| client.health().await;
        /// Closes the connection gracefully and ends all streams.
        close() -> () = |client| {
            client.close().await;
            Ok(())
        };
    }

    /// Returns a stream of all events, including those that belong to no project.
    ///
    /// `kind` limits the stream to events of one kind, named as in [`KIND_NAMES`](super::KIND_NAMES). Such a stream
    /// counts losses of other kinds instead of yielding them; see [`FacadeStream::losses`].
    ///
    /// # Errors
    /// Returns `invalid_argument` if the kind is unknown, and `closed` in a forked child.
    pub fn events(&self, kind: Option<&str>) -> Result<FacadeStream, Error> {
        self.guard.check()?;
        let kind = parse_kind(kind)?;
        Ok(FacadeStream::new(self.client.stream(kind), kind))
    }

    /// Returns the current state of the client.
    #[must_use]
    pub fn state(&self) -> StateRecord {
        (&self.client.state()).into()
    }

    /// Returns a stream of states that starts with the current one.
    #[must_use]
    pub fn state_changes(&self) -> FacadeStates {
        FacadeStates::new(self.client.state_changes())
    }

    /// Returns the URL that the client is connected to, is trying to reach, or will try next.
    #[must_use]
    pub fn url(&self) -> &str {
        self.client.url()
    }

    /// Returns the client's metrics.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.client.metrics()
    }

    /// Notifies the client that the network has changed. See [`Client::network_changed`].
    pub fn network_changed(&self) {
        self.client.network_changed();
    }
}

impl FacadeProject {
    /// Returns the id of the project.
    #[must_use]
    pub fn id(&self) -> &str {
        self.project.id()
    }

    /// Returns a stream of the project's events.
    ///
    /// `kind` limits the stream to events of one kind, named as in [`KIND_NAMES`](super::KIND_NAMES). Such a stream
    /// counts losses of other kinds instead of yielding them; see [`FacadeStream::losses`].
    ///
    /// # Errors
    /// Returns `invalid_argument` if the kind is unknown, and `closed` in a forked child.
    pub fn events(&self, kind: Option<&str>) -> Result<FacadeStream, Error> {
        self.guard.check()?;
        let kind = parse_kind(kind)?;
        Ok(FacadeStream::new(self.project.stream(kind), kind))
    }

    /// Returns [`Project::cursor`] as text.
    #[must_use]
    pub fn cursor(&self) -> Option<String> {
        self.project.cursor().map(|cursor| cursor.to_string())
    }

    /// Fetches the state of the project at one position in its event log.
    ///
    /// # Errors
    /// Returns the errors of [`Project::snapshot`], and `closed` in a forked child.
    ///
    /// # Cancel safety
    /// Once the future has been polled, the request continues even if the future is dropped.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        self.guard.check()?;
        let project = self.project.clone();
        run_on_runtime(async move { project.snapshot().await }).await
    }

    /// Opens a live view of the project.
    ///
    /// # Errors
    /// Returns the errors of [`Project::live_view`], and `closed` in a forked child.
    ///
    /// # Cancel safety
    /// Once the future has been polled, the request continues even if the future is dropped.
    pub async fn live_view(&self) -> Result<FacadeLiveView, Error> {
        self.guard.check()?;
        let project = self.project.clone();
        run_on_runtime(async move { project.live_view().await.map(FacadeLiveView::new) }).await
    }

    /// Leaves the project.
    ///
    /// # Errors
    /// Returns the errors of [`Project::leave`], and `closed` in a forked child.
    ///
    /// # Cancel safety
    /// Once the future has been polled, the client leaves the project even if the future is dropped.
    pub async fn leave(&self) -> Result<(), Error> {
        self.guard.check()?;
        let project = self.project.clone();
        run_on_runtime(async move { project.leave().await }).await
    }
}

/// Waits until the client has connected for the first time or has closed. Returns the reason if it has closed.
async fn first_connection_outcome(mut states: StateChanges, connections: impl Fn() -> u64) -> Result<(), Error> {
    while let Some(state) = states.next().await {
        match state {
            State::Closed { reason } => return Err(reason),
            // `connections` may still be 0, because the counter is updated after the state.
            State::Connected => return Ok(()),
            State::Reconnecting { .. } if connections() > 0 => return Ok(()),
            _ => {}
        }
    }
    Err(Error::closed())
}

fn parse_kind(name: Option<&str>) -> Result<Option<EventKinds>, Error> {
    let Some(name) = name else { return Ok(None) };
    EventKinds::from_name(name)
        .map(Some)
        .ok_or_else(|| Error::invalid_argument(format!("kind: {name:?} is not a kind of event")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::delivery::StateFeed;

    /// Returns the outcome of the first connection of a client that publishes these states.
    async fn outcome_of_states(states: &[State], connections: u64) -> Result<(), Error> {
        let feed = StateFeed::new();
        let (changes, publishing) = (feed.subscribe(), async {
            for state in states {
                tokio::task::yield_now().await;
                feed.publish(state.clone());
            }
            std::future::pending::<()>().await;
        });
        tokio::select! {
            outcome = first_connection_outcome(changes, || connections) => outcome,
            () = publishing => unreachable!(),
            () = tokio::time::sleep(Duration::from_secs(60)) => panic!("no outcome within a minute"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn connected_state_is_an_outcome_before_the_counter_changes() {
        outcome_of_states(&[State::Connecting, State::Connected], 0).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn closing_client_returns_the_reason() {
        let ended = [State::Closing, State::Closed { reason: Error::closed() }];
        assert_eq!(outcome_of_states(&ended, 1).await.unwrap_err().code(), "closed");
    }

    #[tokio::test(start_paused = true)]
    async fn reconnecting_is_an_outcome_only_after_a_connection() {
        let lost = State::Reconnecting { attempt: 1, retry_in: Duration::ZERO, cause: Error::closed() };
        outcome_of_states(std::slice::from_ref(&lost), 1).await.unwrap();
        outcome_of_states(&[lost, State::Connected], 0).await.unwrap();
    }
}
