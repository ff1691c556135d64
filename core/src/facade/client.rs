//! The client and its projects, for bindings.

use serde_json::Value;

use super::{
    ClientOptions, FacadeStates, FacadeStream, StateRecord,
    runtime::{Home, spawn},
};
use crate::{
    Client, ClientBuilder, Content, ContentFilter, ContentPage, Error, ErrorKind, Health, Metrics, Moderation, Project,
    State, StateChanges, Statistics, Submission, events::EventKinds,
};

/// A client for a binding. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FacadeClient {
    client: Client,
    home: Home,
}

/// A joined project for a binding. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FacadeProject {
    project: Project,
    home: Home,
}

macro_rules! forward {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty = |$client:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// Those of the method of the same name of [`Client`]; `closed` in a forked child.
            ///
            /// # Cancel safety
            /// The work goes on if the future is dropped.
            pub async fn $name(&self $(, $arg: $ty)*) -> Result<$out, Error> {
                self.home.check()?;
                let $client = self.client.clone();
                spawn(async move { $body }).await
            }
        )*
    };
}

impl FacadeClient {
    /// Makes a client without connecting it.
    ///
    /// # Errors
    /// `invalid_argument`, naming the option.
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        Self::from_builder(options.into_builder()?)
    }

    /// As [`new`](Self::new), from a builder to which a credentials provider was added.
    ///
    /// # Errors
    /// `invalid_argument`, naming the option.
    pub fn from_builder(builder: ClientBuilder) -> Result<Self, Error> {
        Ok(Self { client: builder.build()?, home: Home::here() })
    }

    forward! {
        /// Connects. If that was asked before, and perhaps given up, waits for its outcome.
        connect() -> () = |client| match client.connect().await {
            Err(error) if error.kind() == ErrorKind::InvalidArgument => {
                outcome(client.state_changes(), || client.metrics().connections).await
            }
            done => done,
        };
        /// Joins a project, behind a cursor if there is one.
        join(project: String, after: Option<String>) -> FacadeProject = |client| {
            let project = match after {
                Some(after) => client.join_after(project, after).await?,
                None => client.join(project).await?,
            };
            Ok(FacadeProject { project, home: Home::here() })
        };
        /// Sends an event of the user's.
        emit(name: String, data: Value) -> () = |client| client.emit(&name, data).await;
        /// Sends an event of the user's and waits for the acknowledgement.
        emit_with_ack(name: String, data: Value) -> Value = |client| client.emit_with_ack(&name, data).await;
        /// Submits content.
        moderate(submission: Submission) -> Moderation = |client| client.moderate(submission).await;
        /// Looks up a piece of content.
        content(id: String) -> Content = |client| client.content(&id).await;
        /// One page of contents.
        contents_page(filter: ContentFilter) -> ContentPage = |client| client.contents_page(filter).await;
        /// The project's counters.
        statistics() -> Statistics = |client| client.statistics().await;
        /// Whether the server is well.
        health() -> Health = |client| client.health().await;
        /// Says goodbye and ends all streams.
        close() -> () = |client| {
            client.close().await;
            Ok(())
        };
    }

    /// The events of all projects; of one kind, if it is named as in [`KIND_NAMES`](super::KIND_NAMES).
    /// Notices of losses are counted then, see [`FacadeStream::losses`].
    ///
    /// # Errors
    /// `invalid_argument` if there is no such kind; `closed` in a forked child.
    pub fn events(&self, kind: Option<&str>) -> Result<FacadeStream, Error> {
        self.home.check()?;
        let kind = filter(kind)?;
        Ok(FacadeStream::new(self.client.stream(kind), kind))
    }

    /// What the client is doing.
    #[must_use]
    pub fn state(&self) -> StateRecord {
        (&self.client.state()).into()
    }

    /// The present state and all changes from now on.
    #[must_use]
    pub fn state_changes(&self) -> FacadeStates {
        FacadeStates::new(self.client.state_changes())
    }

    /// The address that the client is connected to, or tries next.
    #[must_use]
    pub fn url(&self) -> &str {
        self.client.url()
    }

    /// What the client has counted.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.client.metrics()
    }

    /// Tells the client that the network has changed.
    pub fn network_changed(&self) {
        self.client.network_changed();
    }
}

impl FacadeProject {
    /// The project's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.project.id()
    }

    /// The project's events; of one kind, if it is named as in [`KIND_NAMES`](super::KIND_NAMES).
    /// Notices of losses are counted then, see [`FacadeStream::losses`].
    ///
    /// # Errors
    /// `invalid_argument` if there is no such kind; `closed` in a forked child.
    pub fn events(&self, kind: Option<&str>) -> Result<FacadeStream, Error> {
        self.home.check()?;
        let kind = filter(kind)?;
        Ok(FacadeStream::new(self.project.stream(kind), kind))
    }

    /// The cursor, as text.
    #[must_use]
    pub fn cursor(&self) -> Option<String> {
        self.project.cursor().map(|cursor| cursor.to_string())
    }

    /// Leaves the project.
    ///
    /// # Errors
    /// As [`Project::leave`]; `closed` in a forked child.
    ///
    /// # Cancel safety
    /// The project is left also if the future is dropped.
    pub async fn leave(&self) -> Result<(), Error> {
        self.home.check()?;
        let project = self.project.clone();
        spawn(async move { project.leave().await }).await
    }
}

/// What the first connection has come to.
async fn outcome(mut states: StateChanges, connections: impl Fn() -> u64) -> Result<(), Error> {
    while let Some(state) = states.next().await {
        match state {
            State::Closed { reason } => return Err(reason),
            // The count may be published after the state.
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
