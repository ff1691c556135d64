//! Finding decisions about contents that were flagged: servers without an event log emit none for a review.

use std::collections::BTreeSet;

use super::{
    ContentFilter, ContentSource,
    backfill::{belongs, patiently},
    content::content,
    decision,
};
use crate::{Error, ErrorKind, Status, events::ProjectId, session::Found};

/// The contents that the server lists as flagged; `None` if there are too many.
pub(super) async fn listed(source: &impl ContentSource, project: &ProjectId) -> Result<Option<Vec<String>>, Error> {
    let (ids, complete) = walk(source, project).await?;
    Ok(complete.then(|| ids.into_iter().collect()))
}

/// Looks up the contents among these that are flagged no more, and says whether that were all.
pub(super) async fn find(
    source: &impl ContentSource,
    project: &ProjectId,
    known: &[String],
    found: &mut Found,
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
                belongs(&content, project)?;
                found.events.push(decision::as_event(&content, source.now().wall));
            }
            Err(error) if error.kind() == ErrorKind::Api && error.status() == Some(404) => {}
            // It costs this content.
            Err(error) if error.kind() == ErrorKind::Protocol => {
                tracing::debug!(%project, id, %error, "flagged content can't be read");
                complete = false;
                flagged.insert(id.clone());
            }
            Err(error) => return Err(error),
        }
    }
    // A part of the listing does not take the place of what is known.
    found.flagged = all_listed.then(|| flagged.into_iter().collect());
    Ok(complete)
}

/// How often several pages are read again because each time there was more on them.
const WALKS_MAX: u32 = 4;

/// The ids of the contents that are flagged, and whether these are all. Reviews move rows to pages that were read already:
/// several pages are read again until that brings nothing more.
async fn walk(source: &impl ContentSource, project: &ProjectId) -> Result<(BTreeSet<String>, bool), Error> {
    let mut ids = BTreeSet::new();
    for _ in 0..WALKS_MAX {
        let known = ids.len();
        let (at_once, complete) = walk_once(source, project, &mut ids).await?;
        if at_once || ids.len() == known || !complete {
            return Ok((ids, complete));
        }
    }
    Ok((ids, false))
}

/// Adds the ids that are listed. Returns whether they came in one answer, and whether they are all.
async fn walk_once(
    source: &impl ContentSource,
    project: &ProjectId,
    ids: &mut BTreeSet<String>,
) -> Result<(bool, bool), Error> {
    let (limits, mut at_once) = (source.limits(), true);
    for page in 1.. {
        let filter = ContentFilter { page: Some(page), per_page: Some(limits.per_page), status: Some(Status::Flagged) };
        let answer = patiently(source, &filter).await?;
        at_once &= page == 1 && !answer.in_parts;
        for content in answer.rows.into_iter().flatten() {
            belongs(&content, project)?;
            // A server may not know the filter.
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
