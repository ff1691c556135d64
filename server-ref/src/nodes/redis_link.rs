//! The connections to Redis: one publishes this node's commits, and the other subscribes to the projects that this node's clients have
//! joined.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use redis::aio::{MultiplexedConnection, PubSub, PubSubSink, PubSubStream};
use redis::{AsyncConnectionConfig, Client, Pipeline, RedisError};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::commit_message::MessageRefusal;
use super::{CommitMessage, NodeMessageSecret};
use crate::Error;
use crate::metrics::Metrics;

/// Maximum number of commits that wait to be announced. Other nodes read further commits from the log.
const QUEUED_LINK_REQUESTS_MAX: usize = 1024;
/// Maximum number of events from the link that wait for the publisher, which reads further commits of other nodes from the log.
const QUEUED_LINK_EVENTS_MAX: usize = 1024;
/// Maximum number of messages in one round trip.
const PIPELINE_MESSAGES_MAX: usize = 128;
/// Maximum number of channels in one SUBSCRIBE or UNSUBSCRIBE.
const CHANNELS_PER_SUBSCRIBE_MAX: usize = 512;
/// Time without an answer after which Redis counts as unreachable.
const REDIS_TIMEOUT: Duration = Duration::from_secs(2);
/// Time without other commands on a connection after which Redis is pinged.
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// Minimum time between two warnings about messages without a valid MAC.
const UNAUTHENTICATED_WARNING_INTERVAL: Duration = Duration::from_secs(60);
/// Delay before the next attempt to connect.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);

/// An event from the link to Redis, for the publisher.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    Message(CommitMessage),
    /// The subscriptions have changed. Messages about added projects arrive from now on; earlier messages were missed.
    SubscriptionsChanged,
    /// Redis is unreachable. No messages arrive until the next `SubscriptionsChanged`.
    Disconnected,
}

enum LinkRequest {
    Announce(CommitMessage),
    Flush(oneshot::Sender<()>),
}

/// A handle to the task that holds the connections to Redis. The task runs until the `kill` token of [`RedisLink::spawn`] is cancelled.
#[derive(Debug)]
pub(crate) struct RedisLink {
    requests: mpsc::Sender<LinkRequest>,
    state: Arc<LinkState>,
    metrics: Arc<Metrics>,
}

/// The state that the handle and the task share.
#[derive(Debug, Default)]
struct LinkState {
    wanted_projects: Mutex<HashSet<Arc<str>>>,
    wanted_changed: Notify,
    is_up: AtomicBool,
}

impl LinkState {
    fn wanted_projects(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.wanted_projects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RedisLink {
    /// Starts the task. `database` is the database's id, which distinguishes databases that share a Redis server. `secret` authenticates
    /// the messages. If Redis is unreachable, the task keeps trying to connect.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid.
    pub(crate) fn spawn(
        url: &str,
        node_name: String,
        database: &str,
        secret: NodeMessageSecret,
        metrics: Arc<Metrics>,
        kill: CancellationToken,
    ) -> Result<(Self, mpsc::Receiver<LinkEvent>), Error> {
        let client = Client::open(url).map_err(|error| Error::RedisUrl(error.to_string()))?;
        let (requests, queue) = mpsc::channel(QUEUED_LINK_REQUESTS_MAX);
        let (events, incoming) = mpsc::channel(QUEUED_LINK_EVENTS_MAX);
        let state = Arc::new(LinkState::default());
        let channel_prefix = format!("automoderate:{database}:");
        let task = LinkTask {
            client,
            node_name,
            channel_prefix,
            secret,
            state: state.clone(),
            metrics: metrics.clone(),
            events,
        };
        tokio::spawn(async move { kill.run_until_cancelled(task.run(queue)).await });
        Ok((Self { requests, state, metrics }, incoming))
    }

    /// Announces a commit to the other nodes, unless Redis is unreachable or too slow. Never blocks.
    pub(crate) fn announce(&self, message: CommitMessage) {
        if !self.is_up() || self.requests.try_send(LinkRequest::Announce(message)).is_err() {
            self.metrics.on_commit_unannounced();
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.state.is_up.load(Ordering::Relaxed)
    }

    pub(crate) fn subscribe(&self, project_id: Arc<str>) {
        self.state.wanted_projects().insert(project_id);
        self.state.wanted_changed.notify_one();
    }

    pub(crate) fn unsubscribe(&self, project_id: &str) {
        self.state.wanted_projects().remove(project_id);
        self.state.wanted_changed.notify_one();
    }

    /// Notifies `done` once all earlier announcements have been sent or Redis is unreachable.
    pub(crate) fn flush(&self, done: oneshot::Sender<()>) {
        // If the queue is full, `done` is dropped, which also wakes the receiver.
        let _ = self.requests.try_send(LinkRequest::Flush(done));
    }
}

struct LinkTask {
    client: Client,
    node_name: String,
    channel_prefix: String,
    secret: NodeMessageSecret,
    state: Arc<LinkState>,
    metrics: Arc<Metrics>,
    events: mpsc::Sender<LinkEvent>,
}

impl LinkTask {
    async fn run(self, mut queue: mpsc::Receiver<LinkRequest>) {
        let mut was_up = true;
        loop {
            let error = match self.connect().await {
                Ok((publisher, listener)) => {
                    tracing::info!("connected to Redis");
                    was_up = true;
                    let Err(error) = self.run_connected(&mut queue, publisher, listener).await;
                    error
                }
                Err(error) => error,
            };
            self.state.is_up.store(false, Ordering::Relaxed);
            self.metrics.set_redis_up(false);
            // Warns once per outage, not once per attempt.
            if was_up {
                tracing::warn!(%error, "Redis is unreachable: other nodes' events are read from PostgreSQL");
                was_up = false;
            }
            self.discard_queued_announcements(&mut queue);
            let _ = self.events.send(LinkEvent::Disconnected).await;
            sleep(RECONNECT_DELAY).await;
        }
    }

    async fn connect(&self) -> Result<(MultiplexedConnection, PubSub), RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(REDIS_TIMEOUT))
            .set_response_timeout(Some(REDIS_TIMEOUT));
        let publisher = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let listener = timeout(REDIS_TIMEOUT, self.client.get_async_pubsub()).await.map_err(|_| timeout_error())??;
        Ok((publisher, listener))
    }

    /// Drops the queued announcements, and completes the queued flushes. Other nodes read the commits from the log.
    fn discard_queued_announcements(&self, queue: &mut mpsc::Receiver<LinkRequest>) {
        while let Ok(requests) = queue.try_recv() {
            match requests {
                LinkRequest::Announce(_) => self.metrics.on_commit_unannounced(),
                LinkRequest::Flush(done) => drop(done.send(())),
            }
        }
    }

    async fn run_connected(
        &self,
        queue: &mut mpsc::Receiver<LinkRequest>,
        publisher: MultiplexedConnection,
        listener: PubSub,
    ) -> Result<Infallible, RedisError> {
        let (sink, stream) = listener.split();
        self.state.is_up.store(true, Ordering::Relaxed);
        self.metrics.set_redis_up(true);
        self.state.wanted_changed.notify_one();
        let (subscribing, receiving) = (self.sync_subscriptions(sink), self.receive_messages(stream));
        tokio::select! {
            end = self.publish_messages(queue, publisher) => end,
            end = subscribing => end,
            end = receiving => end,
        }
    }

    /// Subscribes and unsubscribes as the set of followed projects changes.
    async fn sync_subscriptions(&self, mut sink: PubSubSink) -> Result<Infallible, RedisError> {
        let mut subscribed: HashSet<Arc<str>> = HashSet::new();
        loop {
            if timeout(PING_INTERVAL, self.state.wanted_changed.notified()).await.is_err() {
                timeout(REDIS_TIMEOUT, sink.ping::<redis::Value>()).await.map_err(|_| timeout_error())??;
                continue;
            }
            let (new, old): (Vec<Arc<str>>, Vec<Arc<str>>) = {
                let wanted = self.state.wanted_projects();
                (wanted.difference(&subscribed).cloned().collect(), subscribed.difference(&wanted).cloned().collect())
            };
            let channels = |ids: &[Arc<str>]| ids.iter().map(|id| self.channel_name(id)).collect::<Vec<_>>();
            for ids in old.chunks(CHANNELS_PER_SUBSCRIBE_MAX) {
                timeout(REDIS_TIMEOUT, sink.unsubscribe(channels(ids))).await.map_err(|_| timeout_error())??;
            }
            for ids in new.chunks(CHANNELS_PER_SUBSCRIBE_MAX) {
                timeout(REDIS_TIMEOUT, sink.subscribe(channels(ids))).await.map_err(|_| timeout_error())??;
            }
            for id in old {
                subscribed.remove(&id);
            }
            subscribed.extend(new);
            let _ = self.events.send(LinkEvent::SubscriptionsChanged).await;
        }
    }

    async fn receive_messages(&self, mut stream: PubSubStream) -> Result<Infallible, RedisError> {
        let mut last_warning = None;
        while let Some(message) = stream.next().await {
            match CommitMessage::decode(message.get_channel_name(), message.get_payload_bytes(), &self.secret) {
                Ok(message) if message.node == self.node_name => {}
                // If the publisher's queue is full, messages are dropped rather than left in the stream, whose buffer is unbounded.
                Ok(message) => {
                    if self.events.try_send(LinkEvent::Message(message)).is_err() {
                        self.metrics.on_node_message_dropped();
                    }
                }
                Err(MessageRefusal::Unauthenticated) => self.on_unauthenticated(&mut last_warning),
                Err(error) => {
                    tracing::debug!(%error, "a message of another node could not be decoded");
                    self.metrics.on_node_message_dropped();
                }
            }
        }
        Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into())
    }

    /// Counts a message without a valid MAC and warns at most once per interval. `last_warning` is the time of the last warning.
    fn on_unauthenticated(&self, last_warning: &mut Option<Instant>) {
        self.metrics.on_node_message_unauthenticated();
        if last_warning.is_none_or(|at| at.elapsed() >= UNAUTHENTICATED_WARNING_INTERVAL) {
            *last_warning = Some(Instant::now());
            tracing::warn!("dropped a message from Redis that was not sent by a node of this database and version");
        }
    }

    fn channel_name(&self, project_id: &str) -> String {
        format!("{}{project_id}", self.channel_prefix)
    }

    async fn publish_messages(
        &self,
        queue: &mut mpsc::Receiver<LinkRequest>,
        mut connection: MultiplexedConnection,
    ) -> Result<Infallible, RedisError> {
        let mut requests = Vec::with_capacity(PIPELINE_MESSAGES_MAX);
        loop {
            match timeout(PING_INTERVAL, queue.recv_many(&mut requests, PIPELINE_MESSAGES_MAX)).await {
                // All senders are gone, so there is nothing more to publish.
                Ok(0) => return std::future::pending().await,
                Ok(_) => {}
                Err(_) => redis::cmd("PING").exec_async(&mut connection).await?,
            }
            let (mut pipeline, mut flushes) = (Pipeline::new(), Vec::new());
            for request in requests.drain(..) {
                match request {
                    LinkRequest::Announce(message) => {
                        let channel = self.channel_name(&message.project_id);
                        match message.encode(&channel, &self.secret) {
                            Ok(bytes) => drop(pipeline.publish(channel, bytes).ignore()),
                            Err(error) => tracing::error!(%error, "a message to other nodes can't be written"),
                        }
                    }
                    LinkRequest::Flush(done) => flushes.push(done),
                }
            }
            if !pipeline.is_empty() {
                pipeline.exec_async(&mut connection).await?;
            }
            for done in flushes {
                let _ = done.send(());
            }
        }
    }
}

fn timeout_error() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
