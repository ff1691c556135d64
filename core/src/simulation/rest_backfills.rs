//! Backfills through REST. The real backfill code runs in virtual time, against a model of the server's responses.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    action::ScheduledAction,
    decision_progress::RecordedBackfillRequest,
    program::{ProgramRun, ProjectProgress},
    world::World,
};
use crate::{
    ContentFilter, Error,
    rest::{BackfillLimits, ContentSource, ResponseBody, fetch_backfill},
    session::{BackfillQuery, BackfillReply, BackfillRequest, Input, Now},
};

/// Time limit for a backfill. A backfill that reaches the limit may be incomplete.
const BACKFILL_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest time between an item's submission and a decision that a backfill must find.
const DECISION_DELAY_MAX: Duration = Duration::from_secs(602);

type RestResult = Result<ResponseBody, Error>;

/// Request that a backfill sends to the server, or a pause that it makes.
#[derive(Debug, Clone)]
pub(super) enum RestQuery {
    Page(ContentFilter),
    Content(String),
    Sleep(Duration),
}

/// A backfill's requests that the simulation has not processed yet, and the backfill's current time.
#[derive(Debug)]
struct RequestQueue {
    now: Now,
    requests: Vec<(RestQuery, oneshot::Sender<RestResult>)>,
}

/// Content source that forwards a backfill's requests to the simulation.
struct ModelSource {
    queue: Arc<Mutex<RequestQueue>>,
    limits: BackfillLimits,
}

impl ModelSource {
    async fn request(&self, query: RestQuery) -> RestResult {
        let (reply, response) = oneshot::channel();
        self.queue.lock().unwrap().requests.push((query, reply));
        response.await.unwrap_or_else(|_| Err(Error::closed()))
    }
}

impl ContentSource for ModelSource {
    fn limits(&self) -> BackfillLimits {
        self.limits
    }

    fn now(&self) -> Now {
        self.queue.lock().unwrap().now
    }

    async fn sleep(&self, pause: Duration) {
        let _ = self.request(RestQuery::Sleep(pause)).await;
    }

    async fn fetch_page(&self, filter: &ContentFilter) -> RestResult {
        self.request(RestQuery::Page(filter.clone())).await
    }

    async fn fetch_content(&self, id: &str) -> RestResult {
        self.request(RestQuery::Content(id.to_owned())).await
    }
}

pub(super) struct PendingBackfill {
    id: u64,
    pub(super) project: usize,
    request: RecordedBackfillRequest,
    /// True if the flagged items were listed on several pages.
    has_several_pages: bool,
    /// Number of joins of the project that the client had sent when it started the backfill.
    sent_join_count_at_start: u64,
    started_at: Duration,
    queue: Arc<Mutex<RequestQueue>>,
    future: Pin<Box<dyn Future<Output = BackfillReply>>>,
}

impl World {
    pub(super) fn start_backfill(&mut self, client: usize, running: &mut ProgramRun, request: BackfillRequest) {
        let project =
            self.server.project_index(&request.project).expect("the client has joined only existing projects");
        let queue = Arc::new(Mutex::new(RequestQueue { now: self.client_now(client), requests: Vec::new() }));
        let recorded_request = RecordedBackfillRequest {
            query: request.query,
            decision_count_at_request: self.server.contents[project].history.len(),
            may_be_incomplete: request.known_flagged_ids.is_none(),
            uses_foreign_key: self.clients[client].plan.uses_foreign_key,
        };
        let source = ModelSource { queue: queue.clone(), limits: self.scenario.rest.limits };
        let id = request.id;
        let future = Box::pin(async move { fetch_backfill(&source, request).await });
        let sent_join_count_at_start = running.project_states[project].sent_join_count;
        running.backfills.push(PendingBackfill {
            id,
            project,
            request: recorded_request,
            has_several_pages: false,
            sent_join_count_at_start,
            started_at: self.now,
            queue,
            future,
        });
        self.tally.backfills_requested += 1;
        let reply = self.poll_backfill(client, running, id);
        assert!(reply.is_none(), "a backfill is complete before its first request");
    }

    /// Resumes a backfill and schedules its next requests. Returns the reply once the backfill is complete.
    fn poll_backfill(&mut self, client: usize, running: &mut ProgramRun, id: u64) -> Option<BackfillReply> {
        let backfill = running.backfills.iter_mut().find(|backfill| backfill.id == id)?;
        backfill.queue.lock().unwrap().now = self.client_now(client);
        let polled = backfill.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let requests = std::mem::take(&mut backfill.queue.lock().unwrap().requests);
        let run_number = self.clients[client].run_number;
        for (query, reply) in requests {
            if let RestQuery::Sleep(pause) = query {
                self.schedule_after(
                    pause,
                    ScheduledAction::RestResponseArrived {
                        client,
                        run_number,
                        backfill: id,
                        reply,
                        response: Ok(ResponseBody::TooLarge),
                    },
                );
            } else {
                let pause = self.rest_delay();
                self.schedule_after(
                    pause,
                    ScheduledAction::RestRequestArrived { client, run_number, backfill: id, query, reply },
                );
            }
        }
        match polled {
            Poll::Ready(found) => Some(found),
            Poll::Pending => None,
        }
    }

    fn rest_delay(&mut self) -> Duration {
        let slowest = if self.faults_active { self.scenario.rest.delay_max_ms } else { 50 };
        self.dice.duration_ms(1, slowest)
    }

    /// Handles a REST request that has arrived at the server.
    pub(super) fn on_rest_request(
        &mut self,
        client: usize,
        run_number: u64,
        backfill: u64,
        query: &RestQuery,
        reply: oneshot::Sender<RestResult>,
    ) {
        let Some(running) = &mut self.clients[client].running else { return };
        let Some(known) = running.backfills.iter().position(|known| known.id == backfill) else { return };
        let (project, foreign) = (running.backfills[known].project, self.clients[client].plan.uses_foreign_key);
        let (response, excused) = self.rest_response(project, foreign, query);
        self.trace(|| format!("         REST: {query:?}: {response:?}").chars().take(2_000).collect());
        if let Some(running) = &mut self.clients[client].running {
            let backfill = &mut running.backfills[known];
            backfill.request.may_be_incomplete |= excused;
            if let RestQuery::Page(ContentFilter { page: Some(2..), status: Some(_), .. }) = query {
                backfill.has_several_pages = true;
            }
        }
        let pause = self.rest_delay();
        self.schedule_after(
            pause,
            ScheduledAction::RestResponseArrived { client, run_number, backfill, reply, response },
        );
    }

    /// Delivers a REST response to the backfill that requested it.
    pub(super) fn on_rest_response(
        &mut self,
        client: usize,
        backfill: u64,
        reply: oneshot::Sender<RestResult>,
        response: RestResult,
    ) {
        let is_known = |running: &ProgramRun| running.backfills.iter().any(|known| known.id == backfill);
        if !self.clients[client].running.as_deref().is_some_and(is_known) {
            return;
        }
        let _ = reply.send(response);
        self.with_client(client, |world, running| {
            let Some(found) = world.poll_backfill(client, running, backfill) else { return };
            world.check_backfill_reply(running, backfill, &found);
            running.task.machine.handle(world.client_now(client), Input::BackfillReply(found));
        });
    }

    fn check_backfill_reply(&mut self, running: &mut ProgramRun, id: u64, found: &BackfillReply) {
        let Some(at) = running.backfills.iter().position(|backfill| backfill.id == id) else { return };
        let backfill = running.backfills.remove(at);
        let (contents, limits) = (&self.server.contents[backfill.project], self.scenario.rest.limits);
        let mut request = backfill.request;
        request.may_be_incomplete |= self.now - backfill.started_at >= BACKFILL_TIMEOUT;
        request.may_be_incomplete |= contents.flagged.len() + limits.per_page as usize >= limits.flagged_max;
        // While the client reads the pages, a review may move a row to a page that the client has already read.
        request.may_be_incomplete |= backfill.has_several_pages;
        request.may_be_incomplete |=
            contents.flagged.len() >= limits.lookups_max || request.decision_count_at_request >= limits.lookups_max;
        if let BackfillQuery::MissedDecisions { since } = request.query {
            let since = since.saturating_sub(DECISION_DELAY_MAX).unwrap_or(jiff::Timestamp::MIN);
            request.may_be_incomplete |=
                contents.count_submitted_since(since) + 2 * limits.per_page as usize >= limits.rows_max;
        }
        let found = found.result.as_ref().ok();
        self.tally.backfills_complete += u64::from(found.is_some_and(|found| found.is_complete));
        self.tally.backfills_incomplete += u64::from(found.is_none_or(|found| !found.is_complete));
        let state = &mut running.project_states[backfill.project];
        // The client ignores the reply if it has rejoined the project since the request.
        let ProjectProgress::Decisions(decisions) = &mut state.progress else { return };
        if state.sent_join_count == backfill.sent_join_count_at_start {
            decisions.on_backfill_reply(request, found, contents);
        } else {
            decisions.on_ignored_backfill_reply(found);
        }
    }
}
