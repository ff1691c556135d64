//! From a submitted content to a stored and published decision.

use std::sync::Arc;
use std::time::Instant;

use serde_json::value::RawValue;

use super::{Outcome, RuleSet, Update, author};
use crate::Error;
use crate::app::App;
use crate::ids::content_id;
use crate::store::{Change, Deed, NewContent, Status};
use crate::time::now;

/// Longer texts are matched beside the runtime's threads, which others are waiting for.
const INLINE: usize = 32 * 1024;

#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) content_type: String,
    pub(crate) content: String,
    pub(crate) meta_data: Option<Box<RawValue>>,
}

#[derive(Debug)]
pub(crate) struct Moderated {
    pub(crate) content_id: String,
    pub(crate) status: Status,
    /// JSON texts.
    pub(crate) results: Vec<String>,
}

/// Decides, and returns when content, results and event are durable; they are published right after.
pub(crate) async fn moderate(app: &App, project_id: Arc<str>, submission: Submission) -> Result<Moderated, Error> {
    let started = Instant::now();
    let at = now();
    let rules = app.rules.get(&app.store, &project_id).await?;
    let (content, outcome) = decide(rules, submission.content).await?;
    let processing_time = started.elapsed().as_secs_f64();
    let content_id = content_id();
    let update = Update {
        project_id: &project_id,
        content_id: &content_id,
        content_type: &submission.content_type,
        content: &content,
        meta_data: submission.meta_data.as_deref(),
        results_count: 1,
        processing_time,
        at,
    };
    let event = update.event(&outcome)?;
    let results = vec![outcome.result(processing_time)?];
    let change = Change {
        project_id,
        at,
        deed: Deed::Moderated(NewContent {
            id: content_id.clone(),
            content_type: submission.content_type,
            content_data: content,
            author: author(submission.meta_data.as_deref()),
            meta_data: submission.meta_data.map(|raw| raw.get().to_owned()),
            status: outcome.status,
            results: results.clone(),
        }),
        event: Some(event),
    };
    app.writer.submit(change).await?;
    Ok(Moderated { content_id, status: outcome.status, results })
}

async fn decide(rules: Arc<RuleSet>, content: String) -> Result<(String, Outcome), Error> {
    if content.len() <= INLINE {
        let outcome = rules.decide(&content);
        return Ok((content, outcome));
    }
    let decided = tokio::task::spawn_blocking(move || {
        let outcome = rules.decide(&content);
        (content, outcome)
    });
    decided.await.map_err(|error| Error::Internal(error.to_string()))
}
