//! Reviews of flagged items. Servers without an event log send no events for reviews, so reviews are found through
//! REST.

use std::collections::BTreeSet;

use super::{
    ContentFilter, ContentSource,
    backfill::{check_project, fetch_page_within_rate_limit},
    content::fetch_content,
    decision_event::decision_event,
};
use crate::{Error, ErrorKind, Status, events::ProjectId, session::BackfillData};

/// Returns the ids of all flagged items, or `None` if they could not be listed completely.
pub(super) async fn list_flagged_ids(
    source: &impl ContentSource,
    project: &ProjectId,
) -> Result<Option<Vec<String>>, Error> {
    let (ids, complete) = list_flagged_ids_until_stable(source, project).await?;
    Ok(complete.then(|| ids.into_iter().collect()))
}

/// Looks up the items among `known_flagged` that are no longer listed as flagged, and adds the decisions on them to
/// `found`. Returns `true` if all reviews were found.
pub(super) async fn find_reviews(
    source: &impl ContentSource,
    project: &ProjectId,
    known_flagged: &[String],
    found: &mut BackfillData,
) -> Result<bool, Error> {
    let (mut flagged, all_listed) = list_flagged_ids_until_stable(source, project).await?;
    let mut complete = all_listed;
    let no_longer_flagged: Vec<_> = known_flagged.iter().filter(|id| !flagged.contains(*id)).collect();
    for (count, id) in no_longer_flagged.into_iter().enumerate() {
        if count >= source.limits().lookups_max {
            complete = false;
            flagged.insert(id.clone());
            continue;
        }
        match fetch_content(source, id).await {
            Ok(content) if content.status == Status::Flagged || content.status == "pending" => {
                flagged.insert(id.clone());
            }
            Ok(content) => {
                check_project(&content, project)?;
                found.events.push(decision_event(&content, source.now().wall));
            }
            Err(error) if error.kind() == ErrorKind::Api && error.status() == Some(404) => {}
            // An invalid response does not affect the other items.
            Err(error) if error.kind() == ErrorKind::Protocol => {
                tracing::debug!(%project, id, %error, "a flagged item is invalid");
                complete = false;
                flagged.insert(id.clone());
            }
            Err(error) => return Err(error),
        }
    }
    // An incomplete list must not replace the ids that are already known.
    found.flagged_ids = all_listed.then(|| flagged.into_iter().collect());
    Ok(complete)
}

/// Maximum number of times that a list of several pages is read.
const LISTING_PASSES_MAX: u32 = 4;

/// Returns the ids of the flagged items, and `true` if the list of ids is complete.
///
/// A review removes an item from the list and may move other items to a page that has already been read. A list of
/// several pages is therefore read again until no new items appear.
async fn list_flagged_ids_until_stable(
    source: &impl ContentSource,
    project: &ProjectId,
) -> Result<(BTreeSet<String>, bool), Error> {
    let mut ids = BTreeSet::new();
    for _ in 0..LISTING_PASSES_MAX {
        let known = ids.len();
        let (in_one_response, complete) = add_flagged_ids_of_pass(source, project, &mut ids).await?;
        if in_one_response || ids.len() == known || !complete {
            return Ok((ids, complete));
        }
    }
    Ok((ids, false))
}

/// Reads the list of flagged items once and adds the ids to `ids`. Returns whether a single response contained all
/// flagged items, and whether the list is complete.
async fn add_flagged_ids_of_pass(
    source: &impl ContentSource,
    project: &ProjectId,
    ids: &mut BTreeSet<String>,
) -> Result<(bool, bool), Error> {
    let (limits, mut in_one_response) = (source.limits(), true);
    for page in 1.. {
        let filter = ContentFilter { page: Some(page), per_page: Some(limits.per_page), status: Some(Status::Flagged) };
        let listing_page = fetch_page_within_rate_limit(source, &filter).await?;
        in_one_response &= page == 1 && !listing_page.is_assembled;
        for content in listing_page.rows.into_iter().flatten() {
            check_project(&content, project)?;
            // A server that does not support filtering by status lists all items.
            if content.status == Status::Flagged {
                ids.insert(content.id);
            }
        }
        if !listing_page.has_more {
            return Ok((in_one_response, true));
        }
        if page as usize * limits.per_page as usize >= limits.flagged_max {
            return Ok((in_one_response, false));
        }
    }
    Ok((false, false))
}
