//! The publisher's handling of requests, this node's commits, and other nodes' messages.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use tokio::time::Instant;

use super::Publisher;
use crate::metrics::EventSource;
use crate::nodes::{CommitMessage, LinkEvent};
use crate::realtime::broadcast::BroadcastEvent;
use crate::realtime::publisher_handle::PublisherRequest;
use crate::realtime::sequencer::Sequencer;
use crate::store::{EventBatch, ProjectEventBatch, ProjectTotals, RecentDecision};

impl Publisher {
    pub(super) async fn on_request(&mut self, request: PublisherRequest) {
        match request {
            PublisherRequest::Follow(id, reply) => {
                let sequencer = match self.sequencers.entry(id) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        if let Some(link) = &self.link {
                            link.subscribe(entry.key().clone());
                        }
                        entry.insert(Sequencer::default())
                    }
                };
                let _ = reply.send(sequencer.is_started());
            }
            PublisherRequest::StopFollowingAll(reply) => {
                for (id, _) in self.sequencers.drain() {
                    if let Some(link) = &self.link {
                        link.unsubscribe(&id);
                    }
                    self.statistics.forget_project(&id);
                }
                self.projects_with_holes.clear();
                let _ = reply.send(());
            }
            PublisherRequest::StartSequence(id, after, reply) => {
                if let Some(sequencer) = self.sequencers.get_mut(&id) {
                    let ready = sequencer.start(after);
                    self.broadcaster.publish(&id, ready).await;
                    self.projects_with_holes.insert(id);
                }
                let _ = reply.send(());
            }
        }
    }

    /// Announces a commit of this node to the other nodes, and publishes its events.
    pub(super) async fn on_committed(&mut self, batch: EventBatch) {
        for (_, recent) in &batch.recent_decisions {
            self.broadcaster.metrics.on_item_decided(recent.decision.as_str());
        }
        for (project_id, part) in batch.split_by_project() {
            if let Some(link) = &self.link {
                link.announce(CommitMessage::new(&self.node_name, &project_id, &part));
            }
            let ProjectEventBatch { events, status_counts, recent_decisions } = part;
            let head = events.last().map_or(0, |event| event.event_id);
            let events = events
                .into_iter()
                .map(|event| (event.event_id, BroadcastEvent::from_local_commit(event.name, event.data)));
            self.publish_in_order(&project_id, events, EventSource::ThisNode).await;
            if let Some(counts) = status_counts {
                self.on_decisions(project_id, ProjectTotals { head, counts }, recent_decisions);
            }
        }
    }

    /// Handles commits of this node that the publisher's queue could not hold. This node and the others read the events of these commits
    /// from the log.
    pub(super) fn on_unqueued_commits(&mut self, heads: Vec<(Arc<str>, i64)>) {
        for (project_id, head) in heads {
            if let Some(sequencer) = self.sequencers.get_mut(&project_id) {
                sequencer.raise_logged_head(head);
                self.projects_with_holes.insert(project_id.clone());
                self.read_statistics(project_id);
            }
        }
    }

    pub(super) async fn on_link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::SubscriptionsChanged | LinkEvent::Disconnected => {
                self.next_head_poll_at = self.next_head_poll_at.map(|_| Instant::now())
            }
            LinkEvent::Message(CommitMessage { project_id, events, counts, recent, .. }) => {
                let project_id: Arc<str> = project_id.into();
                let head = events.last().map_or(0, |(id, ..)| *id);
                let events =
                    events.into_iter().map(|(id, name, data)| (id, BroadcastEvent::from_other_node_or_log(name, data)));
                self.publish_in_order(&project_id, events, EventSource::OtherNode).await;
                if let Some(counts) = counts {
                    self.on_decisions(project_id, ProjectTotals { head, counts }, recent);
                }
            }
        }
    }

    async fn publish_in_order(
        &mut self,
        project_id: &Arc<str>,
        events: impl Iterator<Item = (i64, BroadcastEvent)>,
        source: EventSource,
    ) {
        let Some(sequencer) = self.sequencers.get_mut(project_id) else {
            return;
        };
        let mut count = 0;
        let mut ready = Vec::new();
        for (id, event) in events {
            ready.extend(match source {
                EventSource::OtherNode => sequencer.push_announced(id, event),
                EventSource::ThisNode | EventSource::Log => sequencer.push_logged(id, event),
            });
            count += 1;
        }
        self.broadcaster.metrics.on_events_received(source, count);
        self.broadcaster.publish(project_id, ready).await;
        self.projects_with_holes.insert(project_id.clone());
    }

    fn on_decisions(&mut self, project_id: Arc<str>, totals: ProjectTotals, recent: Vec<RecentDecision>) {
        if !self.sequencers.contains_key(&project_id) {
            return;
        }
        if !self.statistics.has_project(&project_id) {
            return self.read_statistics(project_id);
        }
        for recent in recent {
            self.statistics.add_activity(&project_id, recent, totals.head);
        }
        self.statistics.set_totals(project_id, totals, Instant::now());
    }
}
