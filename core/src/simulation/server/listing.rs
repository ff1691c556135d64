//! Responses to REST requests.

use super::super::{rest_backfills::RestQuery, world::World};
use crate::{Error, ErrorKind, Status, rest::ResponseBody};

impl World {
    /// Returns the response to a REST request, and whether a backfill that depends on the response may be incomplete.
    pub(in crate::simulation) fn rest_response(
        &mut self,
        project: usize,
        foreign: bool,
        query: &RestQuery,
    ) -> (Result<ResponseBody, Error>, bool) {
        let rest = self.scenario.rest.clone();
        if !self.server.is_up || (self.faults_active && self.dice.chance(rest.failure_rate)) {
            return (Err(self.random_rest_error()), true);
        }
        let server_time = rest.sends_date.then(|| self.server_time());
        let server_time = server_time.and_then(|time| jiff::Timestamp::from_second(time.as_second()).ok());
        let contents = if foreign { &self.server.foreign_contents } else { &self.server.contents[project] };
        let (text, mut excused) = match query {
            RestQuery::Page(filter) => {
                let flagged = filter.status == Some(Status::Flagged);
                let number = |value: Option<u32>| value.unwrap_or(1) as usize;
                (
                    contents.page(flagged, number(filter.page), number(filter.per_page), rest.response_size_max_rows),
                    foreign,
                )
            }
            // A request with the key of another project does not find the item.
            RestQuery::Content(_) if foreign => {
                return (Err(Error::new(ErrorKind::Api, "not found").with_status(404)), true);
            }
            RestQuery::Content(id) => (contents.look_up(id), false),
            RestQuery::Sleep(_) => unreachable!("a sleep is not a request to the server"),
        };
        if let RestQuery::Content(id) = query {
            excused |= contents.lookup_may_fail(id);
        }
        // A listing without readable rows does not show which project the key belongs to.
        excused |= !contents.has_readable_item();
        self.tally.rest_responses += 1;
        self.tally.foreign_key_responses += u64::from(foreign);
        self.tally.rest_responses_too_large += u64::from(text.is_none());
        let body =
            text.map_or(ResponseBody::TooLarge, |text| ResponseBody::Text { text: text.into_bytes(), server_time });
        (Ok(body), excused)
    }

    fn random_rest_error(&mut self) -> Error {
        self.tally.rest_errors += 1;
        match self.dice.between(0, 2) {
            0 => Error::new(ErrorKind::ConnectFailed, "no route to the REST interface"),
            1 => Error::new(ErrorKind::Api, "status 500").with_status(500),
            _ => {
                let pause = self.dice.duration_ms(100, 70_000);
                Error::new(ErrorKind::RateLimited, "status 429").with_status(429).with_retry_in(pause)
            }
        }
    }
}
