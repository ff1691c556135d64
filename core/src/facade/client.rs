//! The client and its projects, for bindings.

use serde_json::Value;

use super::{
    ClientOptions, FacadeStates, FacadeStream, StateRecord,
    runtime::{Home, spawn},
};
use crate::{
    Client, ClientBuilder, Content, ContentFilter, ContentPage, Error, ErrorKind, Event, Health, Metrics, Moderation,
    Project, State, Statistics, Submission, events::Filter,
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
            Err(error) if error.kind() == ErrorKind::InvalidArgument => outcome(&client).await,
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
async fn outcome(client: &Client) -> Result<(), Error> {
    let mut states = client.state_changes();
    while let Some(state) = states.next().await {
        match state {
            State::Closed { reason } => return Err(reason),
            _ if client.metrics().connections > 0 => return Ok(()),
            _ => {}
        }
    }
    Err(Error::closed())
}

fn filter(kind: Option<&str>) -> Result<Option<Filter>, Error> {
    let Some(kind) = kind else { return Ok(None) };
    Event::filter(kind)
        .map(Some)
        .ok_or_else(|| Error::invalid_argument(format!("kind: there is no kind of events named {kind:?}")))
}
