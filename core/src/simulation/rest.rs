//! REST in a simulation: the real scan of a backfill, over a model of the server's answers in virtual time.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    decision_progress::CheckedRequest,
    process::{ProjectProgress, Running},
    world::{Action, World},
};
use crate::{
    ContentFilter, Error,
    rest::{Body, ContentSource, ReadLimits, fetch},
    session::{BackfillQuery, BackfillReply, BackfillRequest, Input, Now},
};

/// Limits that the scan promises: the total duration of one request's answers, and the time between an item's
/// submission and its decision.
const PATIENCE: Duration = Duration::from_secs(60);
const WINDOW: Duration = Duration::from_secs(602);

type Answer = Result<Body, Error>;

#[derive(Debug, Clone)]
pub(super) enum RestQuery {
    Page(ContentFilter),
    Content(String),
    Sleep(Duration),
}

#[derive(Debug)]
struct Mailbox {
    now: Now,
    asked: Vec<(RestQuery, oneshot::Sender<Answer>)>,
}

/// The server's items as a backfill reads them.
struct Model {
    mailbox: Arc<Mutex<Mailbox>>,
    limits: ReadLimits,
}

impl Model {
    async fn ask(&self, query: RestQuery) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.mailbox.lock().unwrap().asked.push((query, reply));
        answer.await.unwrap_or_else(|_| Err(Error::closed()))
    }
}

impl ContentSource for Model {
    fn limits(&self) -> ReadLimits {
        self.limits
    }

    fn now(&self) -> Now {
        self.mailbox.lock().unwrap().now
    }

    async fn sleep(&self, pause: Duration) {
        let _ = self.ask(RestQuery::Sleep(pause)).await;
    }

    async fn page(&self, filter: &ContentFilter) -> Answer {
        self.ask(RestQuery::Page(filter.clone())).await
    }

    async fn content(&self, id: &str) -> Answer {
        self.ask(RestQuery::Content(id.to_owned())).await
    }
}

/// Backfill in progress.
pub(super) struct Inquiry {
    id: u64,
    pub(super) project: usize,
    asked: CheckedRequest,
    /// True if several answers listed the flagged items.
    in_parts: bool,
    joins: u64,
    since: Duration,
    mailbox: Arc<Mutex<Mailbox>>,
    future: Pin<Box<dyn Future<Output = BackfillReply>>>,
}

impl World {
    pub(super) fn inquire(&mut self, at: usize, running: &mut Running, request: BackfillRequest) {
        let project = self.server.project(&request.project).expect("nobody has joined another");
        let mailbox = Arc::new(Mutex::new(Mailbox { now: self.present(at), asked: Vec::new() }));
        let asked = CheckedRequest {
            wanted: request.query,
            decided: self.server.contents[project].history.len(),
            excused: request.flagged.is_none(),
            foreign: self.clients[at].plan.foreign_key,
        };
        let model = Model { mailbox: mailbox.clone(), limits: self.scenario.rest.limits };
        let id = request.id;
        let future = Box::pin(async move { fetch(&model, request).await });
        let joins = running.rooms[project].joins;
        running.inquiries.push(Inquiry {
            id,
            project,
            asked,
            in_parts: false,
            joins,
            since: self.now,
            mailbox,
            future,
        });
        self.tally.inquiries += 1;
        let done = self.pursue(at, running, id);
        assert!(done.is_none(), "an answer without a query");
    }

    /// Resumes a backfill, and sends its next REST request.
    fn pursue(&mut self, at: usize, running: &mut Running, id: u64) -> Option<BackfillReply> {
        let inquiry = running.inquiries.iter_mut().find(|inquiry| inquiry.id == id)?;
        inquiry.mailbox.lock().unwrap().now = self.present(at);
        let polled = inquiry.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let asked = std::mem::take(&mut inquiry.mailbox.lock().unwrap().asked);
        let life = self.clients[at].life;
        for (query, reply) in asked {
            if let RestQuery::Sleep(pause) = query {
                self.after(
                    pause,
                    Action::RestAnswered { client: at, life, inquiry: id, reply, answer: Ok(Body::TooLarge) },
                );
            } else {
                let pause = self.rest_pause();
                self.after(pause, Action::RestAsked { client: at, life, inquiry: id, query, reply });
            }
        }
        match polled {
            Poll::Ready(found) => Some(found),
            Poll::Pending => None,
        }
    }

    fn rest_pause(&mut self) -> Duration {
        let slowest = if self.troubled { self.scenario.rest.slowest } else { 50 };
        self.dice.pause(1, slowest)
    }

    /// Answers a request on the server.
    pub(super) fn on_rest_query(
        &mut self,
        at: usize,
        life: u64,
        inquiry: u64,
        query: &RestQuery,
        reply: oneshot::Sender<Answer>,
    ) {
        let Some(running) = &mut self.clients[at].running else { return };
        let Some(known) = running.inquiries.iter().position(|known| known.id == inquiry) else { return };
        let (project, foreign) = (running.inquiries[known].project, self.clients[at].plan.foreign_key);
        let (answer, excused) = self.rest_answer(project, foreign, query);
        self.trace(|| format!("         REST: {query:?}: {answer:?}").chars().take(2_000).collect());
        if let Some(running) = &mut self.clients[at].running {
            let inquiry = &mut running.inquiries[known];
            inquiry.asked.excused |= excused;
            if let RestQuery::Page(ContentFilter { page: Some(2..), status: Some(_), .. }) = query {
                inquiry.in_parts = true;
            }
        }
        let pause = self.rest_pause();
        self.after(pause, Action::RestAnswered { client: at, life, inquiry, reply, answer });
    }

    /// Delivers an answer to the client.
    pub(super) fn on_rest_answer(&mut self, at: usize, inquiry: u64, reply: oneshot::Sender<Answer>, answer: Answer) {
        let is_known = |running: &Running| running.inquiries.iter().any(|known| known.id == inquiry);
        if !self.clients[at].running.as_deref().is_some_and(is_known) {
            return;
        }
        let _ = reply.send(answer);
        self.with_client(at, |world, running| {
            let Some(found) = world.pursue(at, running, inquiry) else { return };
            world.judge(running, inquiry, &found);
            running.task.machine.handle(world.present(at), Input::BackfillReply(found));
        });
    }

    fn judge(&mut self, running: &mut Running, id: u64, found: &BackfillReply) {
        let Some(at) = running.inquiries.iter().position(|inquiry| inquiry.id == id) else { return };
        let inquiry = running.inquiries.remove(at);
        let (contents, limits) = (&self.server.contents[inquiry.project], self.scenario.rest.limits);
        let mut asked = inquiry.asked;
        asked.excused |= self.now - inquiry.since >= PATIENCE;
        asked.excused |= contents.flagged.len() + limits.per_page as usize >= limits.flagged;
        // Reviews may move a row past the client each time that the pages are read.
        asked.excused |= inquiry.in_parts;
        asked.excused |= contents.flagged.len() >= limits.lookups || asked.decided >= limits.lookups;
        if let BackfillQuery::MissedDecisions { since } = asked.wanted {
            let since = since.saturating_sub(WINDOW).unwrap_or(jiff::Timestamp::MIN);
            asked.excused |= contents.submitted_since(since) + 2 * limits.per_page as usize >= limits.rows;
        }
        let found = found.result.as_ref().ok();
        self.tally.backfills += u64::from(found.is_some_and(|found| found.is_complete));
        self.tally.backfills_failed += u64::from(found.is_none_or(|found| !found.is_complete));
        let room = &mut running.rooms[inquiry.project];
        // The answer to a request from before another join of the project is ignored.
        let ProjectProgress::Decisions(decisions) = &mut room.progress else { return };
        if room.joins == inquiry.joins {
            decisions.on_rest_answer(asked, found, contents);
        } else {
            decisions.on_late_rest_answer(found);
        }
    }
}
