//! Reviews of flagged content: servers without an event log send no events for them.

use std::collections::BTreeSet;

use super::{
    ContentFilter, ContentSource,
    backfill::{check_project, page_when_allowed},
    content::content,
    decision,
};
use crate::{Error, ErrorKind, Status, events::ProjectId, session::BackfillData};

/// Ids that the server lists as flagged; `None` if there are too many.
pub(super) async fn listed(source: &impl ContentSource, project: &ProjectId) -> Result<Option<Vec<String>>, Error> {
    let (ids, complete) = walk(source, project).await?;
    Ok(complete.then(|| ids.into_iter().collect()))
}

/// Looks up the items among `known` that are no longer flagged. Returns `true` if all were found.
pub(super) async fn find(
    source: &impl ContentSource,
    project: &ProjectId,
    known: &[String],
    found: &mut BackfillData,
) -> Result<bool, Error> {
    let (mut flagged, all_listed) = walk(source, project).await?;
    let mut complete = all_listed;
    let left: Vec<_> = known.iter().filter(|id| !flagged.contains(*id)).collect();
    for (at, id) in left.into_iter().enumerate() {
        if at >= source.limits().lookups {
            complete = false;
            flagged.insert(id.clone());
            continue;
        }
        match content(source, id).await {
            Ok(content) if content.status == Status::Flagged || content.status == "pending" => {
                flagged.insert(id.clone());
            }
            Ok(content) => {
                check_project(&content, project)?;
                found.events.push(decision::as_event(&content, source.now().wall));
            }
            Err(error) if error.kind() == ErrorKind::Api && error.status() == Some(404) => {}
            // The error affects only this item.
            Err(error) if error.kind() == ErrorKind::Protocol => {
                tracing::debug!(%project, id, %error, "a flagged item is invalid");
                complete = false;
                flagged.insert(id.clone());
            }
            Err(error) => return Err(error),
        }
    }
    // An incomplete listing must not replace what is known.
    found.flagged = all_listed.then(|| flagged.into_iter().collect());
    Ok(complete)
}

/// Number of passes over several pages before giving up.
const LISTING_PASSES_MAX: u32 = 4;

/// Ids of flagged items, and whether they are complete. Reviews move rows to pages that were already read, so several
/// pages are read again until nothing new appears.
async fn walk(source: &impl ContentSource, project: &ProjectId) -> Result<(BTreeSet<String>, bool), Error> {
    let mut ids = BTreeSet::new();
    for _ in 0..LISTING_PASSES_MAX {
        let known = ids.len();
        let (at_once, complete) = walk_once(source, project, &mut ids).await?;
        if at_once || ids.len() == known || !complete {
            return Ok((ids, complete));
        }
    }
    Ok((ids, false))
}

/// Adds the listed ids. Returns whether they came in one response, and whether they are complete.
async fn walk_once(
    source: &impl ContentSource,
    project: &ProjectId,
    ids: &mut BTreeSet<String>,
) -> Result<(bool, bool), Error> {
    let (limits, mut at_once) = (source.limits(), true);
    for page in 1.. {
        let filter = ContentFilter { page: Some(page), per_page: Some(limits.per_page), status: Some(Status::Flagged) };
        let answer = page_when_allowed(source, &filter).await?;
        at_once &= page == 1 && !answer.in_parts;
        for content in answer.rows.into_iter().flatten() {
            check_project(&content, project)?;
            // The server may not support the filter.
            if content.status == Status::Flagged {
                ids.insert(content.id);
            }
        }
        if !answer.has_more {
            return Ok((at_once, true));
        }
        if page as usize * limits.per_page as usize >= limits.flagged {
            return Ok((at_once, false));
        }
    }
    Ok((false, false))
}
