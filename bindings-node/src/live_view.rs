//! Live views as a class of the native module.

use std::sync::Arc;

use automoderate::{
    Event, LiveState,
    facade::{self, FacadeLiveView},
};
use napi_derive::napi;
use serde_json::{Value, json};

use crate::{
    completions::{CallResult, CompletionQueue},
    encoded_batch::node_event_name,
    json_results::rfc3339_or_original,
};

/// Wrapper around the facade's live view, for `lib/liveview.ts`.
#[napi]
pub struct LiveView(Arc<FacadeLiveView>);

impl LiveView {
    pub(crate) fn new(view: FacadeLiveView) -> Self {
        Self(Arc::new(view))
    }
}

#[napi]
impl LiveView {
    /// Returns the current state as JSON.
    #[napi(catch_unwind)]
    pub fn state(&self) -> String {
        state_to_json(self.0.state()).to_string()
    }

    /// Completes with a batch of one event, or with `null` at the end of the view.
    #[napi(catch_unwind)]
    pub fn next(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        let view = self.0.clone();
        queue.run(id, async move {
            let batch = view.next().await?.map(|event| facade::events_to_rows(&[event], node_event_name));
            Ok(batch.map_or(CallResult::Empty, CallResult::Json))
        })
    }

    /// Ends the view.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.close();
    }
}

/// Dropping the object ends a pending wait, which would otherwise keep the client alive.
impl Drop for LiveView {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn state_to_json(state: LiveState) -> Value {
    let queue = state.review_queue.into_iter().map(|item| {
        json!({
            "submitted_at": rfc3339_or_original(&item.submitted_at),
            "decision": facade::event_to_value(&Event::from(item.decision)),
        })
    });
    json!({
        "cursor": state.cursor,
        "counts": {
            "total_content": state.counts.total_content,
            "approved": state.counts.approved,
            "rejected": state.counts.rejected,
            "flagged": state.counts.flagged,
            "pending": state.counts.pending,
        },
        "rules": state.rules,
        "reviewQueue": queue.collect::<Vec<_>>(),
    })
}
