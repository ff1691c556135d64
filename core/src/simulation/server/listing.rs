//! Answers of REST.

use super::super::{rest::RestQuery, world::World};
use crate::{Error, ErrorKind, Status, rest::Body};

impl World {
    /// Returns the answer; true if it is defective.
    pub(in crate::simulation) fn rest_answer(
        &mut self,
        project: usize,
        foreign: bool,
        query: &RestQuery,
    ) -> (Result<Body, Error>, bool) {
        let rest = self.scenario.rest.clone();
        if !self.server.up || (self.troubled && self.dice.chance(rest.fails)) {
            return (Err(self.rest_error()), true);
        }
        let date = rest.says_date.then(|| self.server_wall());
        let date = date.and_then(|date| jiff::Timestamp::from_second(date.as_second()).ok());
        let contents = if foreign { &self.server.foreign } else { &self.server.contents[project] };
        let (text, mut excused) = match query {
            RestQuery::Page(filter) => {
                let flagged = filter.status == Some(Status::Flagged);
                let number = |value: Option<u32>| value.unwrap_or(1) as usize;
                (contents.page(flagged, number(filter.page), number(filter.per_page), rest.weight_max), foreign)
            }
            // A key of another project finds nothing of this one.
            RestQuery::Content(_) if foreign => {
                return (Err(Error::new(ErrorKind::Api, "not found").with_status(404)), true);
            }
            RestQuery::Content(id) => (contents.look_up(id), false),
            RestQuery::Sleep(_) => unreachable!("nobody answers that"),
        };
        if let RestQuery::Content(id) = query {
            excused |= contents.is_defective(id);
        }
        // An empty listing does not say which project it belongs to.
        excused |= !contents.has_readable();
        self.tally.rest_answers += 1;
        self.tally.foreign_answers += u64::from(foreign);
        self.tally.too_large += u64::from(text.is_none());
        let body = text.map_or(Body::TooLarge, |text| Body::Text { text: text.into_bytes(), date });
        (Ok(body), excused)
    }

    fn rest_error(&mut self) -> Error {
        self.tally.rest_errors += 1;
        match self.dice.between(0, 2) {
            0 => Error::new(ErrorKind::ConnectFailed, "no route to REST"),
            1 => Error::new(ErrorKind::Api, "status 500").with_status(500),
            _ => {
                let pause = self.dice.pause(100, 70_000);
                Error::new(ErrorKind::RateLimited, "status 429").with_status(429).with_retry_in(pause)
            }
        }
    }
}
