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
    let (mut flagged, mut complete) = walk(source, project).await?;
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
            Err(error) => return Err(error),
        }
    }
    found.flagged = Some(flagged.into_iter().collect());
    Ok(complete)
}

/// The ids of the contents that are flagged, and whether these are all.
async fn walk(source: &impl ContentSource, project: &ProjectId) -> Result<(BTreeSet<String>, bool), Error> {
    let (mut ids, limits) = (BTreeSet::new(), source.limits());
    for page in 1.. {
        let filter = ContentFilter { page: Some(page), per_page: Some(limits.per_page), status: Some(Status::Flagged) };
        let answer = patiently(source, &filter).await?;
        for content in answer.rows.into_iter().flatten() {
            belongs(&content, project)?;
            // A server may not know the filter.
            if content.status == Status::Flagged {
                ids.insert(content.id);
            }
        }
        if !answer.has_more {
            return Ok((ids, true));
        }
        if page as usize * limits.per_page as usize >= limits.flagged {
            break;
        }
    }
    Ok((ids, false))
}
