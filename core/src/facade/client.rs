//! Client and projects for bindings.

use serde_json::Value;

use super::{
    ClientOptions, FacadeStates, FacadeStream, StateRecord,
    runtime::{ProcessGuard, spawn},
};
use crate::{
    Client, ClientBuilder, Content, ContentFilter, ContentPage, Error, ErrorKind, Health, Metrics, Moderation, Project,
    State, StateChanges, Statistics, Submission, events::EventKinds,
};

/// Client for a binding. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FacadeClient {
    client: Client,
    guard: ProcessGuard,
}

/// Joined project for a binding. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FacadeProject {
    project: Project,
    guard: ProcessGuard,
}

macro_rules! forward {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty = |$client:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// The errors of the [`Client`] method of the same name; `closed` in a forked child.
            ///
            /// # Cancel safety
            /// Once polled, the operation continues even if the future is dropped.
            pub async fn $name(&self $(, $arg: $ty)*) -> Result<$out, Error> {
                self.guard.check()?;
                let $client = self.client.clone();
                spawn(async move { $body }).await
            }
        )*
    };
}

impl FacadeClient {
    /// Creates a client without connecting it.
    ///
    /// # Errors
    /// Returns `invalid_argument` with the name of the option.
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        Self::from_builder(options.into_builder()?)
    }

    /// Like [`new`](Self::new), from a builder that may have a credentials provider.
    ///
    /// # Errors
    /// Returns `invalid_argument` with the name of the option.
    pub fn from_builder(builder: ClientBuilder) -> Result<Self, Error> {
        Ok(Self { client: builder.build()?, guard: ProcessGuard::current() })
    }

    forward! {
        /// Connects. If an earlier call is already connecting, waits for the outcome of that call.
        connect() -> () = |client| match client.connect().await {
            Err(error) if error.kind() == ErrorKind::InvalidArgument => {
                outcome(client.state_changes(), || client.metrics().connections).await
            }
            done => done,
        };
        /// Joins a project, optionally after a cursor.
        join(project: String, after: Option<String>) -> FacadeProject = |client| {
            let project = match after {
                Some(after) => client.join_after(project, after).await?,
                None => client.join(project).await?,
            };
            Ok(FacadeProject { project, guard: ProcessGuard::current() })
        };
        /// Sends a user event.
        emit(name: String, data: Value) -> () = |client| client.emit(&name, data).await;
        /// Sends a user event and waits for the acknowledgement.
        emit_with_ack(name: String, data: Value) -> Value = |client| client.emit_with_ack(&name, data).await;
        /// Submits content.
        moderate(submission: Submission) -> Moderation = |client| client.moderate(submission).await;
        /// Looks up an item of content.
        content(id: String) -> Content = |client| client.content(&id).await;
        /// Fetches one page of content.
        contents_page(filter: ContentFilter) -> ContentPage = |client| client.contents_page(filter).await;
        /// Fetches the project's counters.
        statistics() -> Statistics = |client| client.statistics().await;
        /// Checks the health of the server.
        health() -> Health = |client| client.health().await;
        /// Closes the connection gracefully and ends all streams.
        close() -> () = |client| {
            client.close().await;
            Ok(())
        };
    }

    /// Returns a stream of the events of all projects. `kind` limits the stream to one of
    /// [`KIND_NAMES`](super::KIND_NAMES); such a stream counts losses, see [`FacadeStream::losses`].
    ///
    /// # Errors
    /// `invalid_argument` if the kind is unknown; `closed` in a forked child.
    pub fn events(&self, kind: Option<&str>) -> Result<FacadeStream, Error> {
        self.guard.check()?;
        let kind = filter(kind)?;
        Ok(FacadeStream::new(self.client.stream(kind), kind))
    }

    /// Returns the current state.
    #[must_use]
    pub fn state(&self) -> StateRecord {
        (&self.client.state()).into()
    }

    /// Returns the current state and all later changes.
    #[must_use]
    pub fn state_changes(&self) -> FacadeStates {
        FacadeStates::new(self.client.state_changes())
    }

    /// Returns the URL that the client is connected to, or will try next.
    #[must_use]
    pub fn url(&self) -> &str {
        self.client.url()
    }

    /// Returns the client's counters.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.client.metrics()
    }

    /// Notifies the client that the network has changed.
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

    /// Returns a stream of the project's events. `kind` limits the stream to one of
    /// [`KIND_NAMES`](super::KIND_NAMES); such a stream counts losses, see [`FacadeStream::losses`].
    ///
    /// # Errors
    /// `invalid_argument` if the kind is unknown; `closed` in a forked child.
    pub fn events(&self, kind: Option<&str>) -> Result<FacadeStream, Error> {
        self.guard.check()?;
        let kind = filter(kind)?;
        Ok(FacadeStream::new(self.project.stream(kind), kind))
    }

    /// Returns the cursor as text.
    #[must_use]
    pub fn cursor(&self) -> Option<String> {
        self.project.cursor().map(|cursor| cursor.to_string())
    }

    /// Leaves the project.
    ///
    /// # Errors
    /// The errors of [`Project::leave`]; `closed` in a forked child.
    ///
    /// # Cancel safety
    /// Once the future is polled, the project is left even if the future is dropped.
    pub async fn leave(&self) -> Result<(), Error> {
        self.guard.check()?;
        let project = self.project.clone();
        spawn(async move { project.leave().await }).await
    }
}

/// Waits for the outcome of the first connection.
async fn outcome(mut states: StateChanges, connections: impl Fn() -> u64) -> Result<(), Error> {
    while let Some(state) = states.next().await {
        match state {
            State::Closed { reason } => return Err(reason),
            // The counter may be updated after the state.
            State::Connected => return Ok(()),
            State::Reconnecting { .. } if connections() > 0 => return Ok(()),
            _ => {}
        }
    }
    Err(Error::closed())
}

fn filter(kind: Option<&str>) -> Result<Option<EventKinds>, Error> {
    let Some(kind) = kind else { return Ok(None) };
    EventKinds::named(kind)
        .map(Some)
        .ok_or_else(|| Error::invalid_argument(format!("kind: there is no kind of events named {kind:?}")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::delivery::StateFeed;

    async fn outcome_of(states: &[State], connections: u64) -> Result<(), Error> {
        let feed = StateFeed::new();
        let (changes, publishing) = (feed.changes(), async {
            for state in states {
                tokio::task::yield_now().await;
                feed.publish(state.clone());
            }
            std::future::pending::<()>().await;
        });
        tokio::select! {
            done = outcome(changes, || connections) => done,
            () = publishing => unreachable!(),
            () = tokio::time::sleep(Duration::from_secs(60)) => panic!("it waits for ever"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_not_counted_yet_is_one() {
        outcome_of(&[State::Connecting, State::Connected], 0).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_closing_is_not_connected() {
        let ended = [State::Closing, State::Closed { reason: Error::closed() }];
        assert_eq!(outcome_of(&ended, 1).await.unwrap_err().code(), "closed");
    }

    #[tokio::test(start_paused = true)]
    async fn an_interruption_is_an_outcome_only_after_a_connection() {
        let lost = State::Reconnecting { attempt: 1, retry_in: Duration::ZERO, cause: Error::closed() };
        outcome_of(std::slice::from_ref(&lost), 1).await.unwrap();
        outcome_of(&[lost, State::Connected], 0).await.unwrap();
    }
}
