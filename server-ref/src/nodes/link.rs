//! The connections to Redis: one publishes, and one listens to the projects that a client of this node has joined.

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

use super::message::Refusal;
use super::{Message, NodeSecret};
use crate::Error;
use crate::metrics::Metrics;

/// The most commits waiting to be announced. Further ones are not announced; other nodes find them in the log.
const OUTGOING: usize = 1024;
/// The same for other nodes' commits, waiting for the publisher.
const INCOMING: usize = 1024;
/// Messages per round trip.
const PIPELINE: usize = 128;
/// Channels per request.
const CHANNELS: usize = 512;
/// The time without an answer after which Redis counts as gone.
const PATIENCE: Duration = Duration::from_secs(2);
/// The interval of pings to Redis.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The shortest time between two warnings about messages that are not believed.
const WARNING: Duration = Duration::from_secs(60);
/// The pause before another attempt to connect.
const PAUSE: Duration = Duration::from_millis(500);

/// A message from Redis.
#[derive(Debug)]
pub(crate) enum Heard {
    Message(Message),
    /// Messages about more projects arrive from now on; earlier ones were missed.
    Listening,
    /// No messages arrive until the next `Listening`.
    Gone,
}

enum Outgoing {
    Message(Message),
    Flush(oneshot::Sender<()>),
}

/// A handle to the task that holds the connections, which ends with the handle's token.
#[derive(Debug)]
pub(crate) struct Link {
    outgoing: mpsc::Sender<Outgoing>,
    shared: Arc<Shared>,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Shared {
    wanted: Mutex<HashSet<Arc<str>>>,
    changed: Notify,
    is_up: AtomicBool,
}

impl Shared {
    fn wanted(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// `log`: the id of the log, so that several databases may share a Redis. `secret`: what messages are authenticated with.
    ///
    /// # Errors
    /// If the URL is invalid. A Redis that is not running yet is awaited.
    pub(crate) fn spawn(
        url: &str,
        node: String,
        log: &str,
        secret: NodeSecret,
        metrics: Arc<Metrics>,
        kill: CancellationToken,
    ) -> Result<(Self, mpsc::Receiver<Heard>), Error> {
        let client = Client::open(url).map_err(|error| Error::RedisUrl(error.to_string()))?;
        let (outgoing, queue) = mpsc::channel(OUTGOING);
        let (heard, incoming) = mpsc::channel(INCOMING);
        let shared = Arc::new(Shared::default());
        let prefix = format!("automoderate:{log}:");
        let task = Task { client, node, prefix, secret, shared: shared.clone(), metrics: metrics.clone(), heard };
        tokio::spawn(async move { kill.run_until_cancelled(task.run(queue)).await });
        Ok((Self { outgoing, shared, metrics }, incoming))
    }

    /// Announces a commit to other nodes, unless Redis is away or can't keep up. Never waits.
    pub(crate) fn tell(&self, message: Message) {
        if !self.is_up() || self.outgoing.try_send(Outgoing::Message(message)).is_err() {
            self.metrics.untold();
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.shared.is_up.load(Ordering::Relaxed)
    }

    pub(crate) fn follow(&self, project_id: Arc<str>) {
        self.shared.wanted().insert(project_id);
        self.shared.changed.notify_one();
    }

    pub(crate) fn unfollow(&self, project_id: &str) {
        self.shared.wanted().remove(project_id);
        self.shared.changed.notify_one();
    }

    /// Answers once all earlier announcements have been sent, or Redis is away.
    pub(crate) fn flush(&self, done: oneshot::Sender<()>) {
        // Without room nobody reads the queue, and the end of `done` is the answer.
        let _ = self.outgoing.try_send(Outgoing::Flush(done));
    }
}

struct Task {
    client: Client,
    node: String,
    prefix: String,
    secret: NodeSecret,
    shared: Arc<Shared>,
    metrics: Arc<Metrics>,
    heard: mpsc::Sender<Heard>,
}

impl Task {
    async fn run(self, mut queue: mpsc::Receiver<Outgoing>) {
        let mut was_up = true;
        loop {
            let error = match self.connect().await {
                Ok((publisher, listener)) => {
                    tracing::info!("connected to Redis");
                    was_up = true;
                    let Err(error) = self.carry(&mut queue, publisher, listener).await;
                    error
                }
                Err(error) => error,
            };
            self.shared.is_up.store(false, Ordering::Relaxed);
            self.metrics.redis(false);
            // Once per failure, not per try.
            if was_up {
                tracing::warn!(%error, "Redis is away: other nodes' events are read from PostgreSQL");
                was_up = false;
            }
            self.forget(&mut queue);
            let _ = self.heard.send(Heard::Gone).await;
            sleep(PAUSE).await;
        }
    }

    async fn connect(&self) -> Result<(MultiplexedConnection, PubSub), RedisError> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        let publisher = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let listener = timeout(PATIENCE, self.client.get_async_pubsub()).await.map_err(|_| late())??;
        Ok((publisher, listener))
    }

    /// Commits that were not announced in time are in the log.
    fn forget(&self, queue: &mut mpsc::Receiver<Outgoing>) {
        while let Ok(outgoing) = queue.try_recv() {
            match outgoing {
                Outgoing::Message(_) => self.metrics.untold(),
                Outgoing::Flush(done) => drop(done.send(())),
            }
        }
    }

    async fn carry(
        &self,
        queue: &mut mpsc::Receiver<Outgoing>,
        publisher: MultiplexedConnection,
        listener: PubSub,
    ) -> Result<Infallible, RedisError> {
        let (sink, stream) = listener.split();
        self.shared.is_up.store(true, Ordering::Relaxed);
        self.metrics.redis(true);
        self.shared.changed.notify_one();
        let (listening, hearing) = (self.listen(sink), self.hear(stream));
        tokio::select! {
            end = self.publish(queue, publisher) => end,
            end = listening => end,
            end = hearing => end,
        }
    }

    /// Keeps the subscriptions in line with the followed projects.
    async fn listen(&self, mut sink: PubSubSink) -> Result<Infallible, RedisError> {
        let mut subscribed: HashSet<Arc<str>> = HashSet::new();
        loop {
            if timeout(HEARTBEAT, self.shared.changed.notified()).await.is_err() {
                timeout(PATIENCE, sink.ping::<redis::Value>()).await.map_err(|_| late())??;
                continue;
            }
            let (new, old): (Vec<Arc<str>>, Vec<Arc<str>>) = {
                let wanted = self.shared.wanted();
                (wanted.difference(&subscribed).cloned().collect(), subscribed.difference(&wanted).cloned().collect())
            };
            let channels = |ids: &[Arc<str>]| ids.iter().map(|id| self.channel(id)).collect::<Vec<_>>();
            for ids in old.chunks(CHANNELS) {
                timeout(PATIENCE, sink.unsubscribe(channels(ids))).await.map_err(|_| late())??;
            }
            for ids in new.chunks(CHANNELS) {
                timeout(PATIENCE, sink.subscribe(channels(ids))).await.map_err(|_| late())??;
            }
            for id in old {
                subscribed.remove(&id);
            }
            subscribed.extend(new);
            let _ = self.heard.send(Heard::Listening).await;
        }
    }

    async fn hear(&self, mut stream: PubSubStream) -> Result<Infallible, RedisError> {
        let mut warned = None;
        while let Some(message) = stream.next().await {
            match Message::decode(message.get_channel_name(), message.get_payload_bytes(), &self.secret) {
                Ok(message) if message.node == self.node => {}
                // The stream's own buffer is unbounded, so it is always emptied.
                Ok(message) => {
                    if self.heard.try_send(Heard::Message(message)).is_err() {
                        self.metrics.unheard();
                    }
                }
                Err(Refusal::Unauthenticated) => self.on_unauthenticated(&mut warned),
                Err(error) => {
                    tracing::debug!(%error, "another node says what is not understood");
                    self.metrics.unheard();
                }
            }
        }
        Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into())
    }

    /// `warned`: the time of the last warning.
    fn on_unauthenticated(&self, warned: &mut Option<Instant>) {
        self.metrics.unauthenticated();
        if warned.is_none_or(|at| at.elapsed() >= WARNING) {
            *warned = Some(Instant::now());
            tracing::warn!("Redis delivered a message that no node of this database and version sent; it is dropped");
        }
    }

    fn channel(&self, project_id: &str) -> String {
        format!("{}{project_id}", self.prefix)
    }

    async fn publish(
        &self,
        queue: &mut mpsc::Receiver<Outgoing>,
        mut connection: MultiplexedConnection,
    ) -> Result<Infallible, RedisError> {
        let mut jobs = Vec::with_capacity(PIPELINE);
        loop {
            match timeout(HEARTBEAT, queue.recv_many(&mut jobs, PIPELINE)).await {
                // No sender is left.
                Ok(0) => return std::future::pending().await,
                Ok(_) => {}
                Err(_) => redis::cmd("PING").exec_async(&mut connection).await?,
            }
            let (mut pipeline, mut flushes) = (Pipeline::new(), Vec::new());
            for job in jobs.drain(..) {
                match job {
                    Outgoing::Message(message) => {
                        let channel = self.channel(&message.project_id);
                        match message.encode(&channel, &self.secret) {
                            Ok(bytes) => drop(pipeline.publish(channel, bytes).ignore()),
                            Err(error) => tracing::error!(%error, "a message to other nodes can't be written"),
                        }
                    }
                    Outgoing::Flush(done) => flushes.push(done),
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

fn late() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
