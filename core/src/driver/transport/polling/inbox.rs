//! Unread packets of a poll response.

use super::super::Frame;
use crate::eio::{PayloadRecord, RECORD_SEPARATOR, decode_payload};

/// Body of a poll response. Packets are split off one by one as they are read, because the body may contain millions of
/// packets.
#[derive(Default)]
pub(super) struct Inbox {
    body: String,
    position: usize,
}

impl Inbox {
    pub(super) fn new(body: String) -> Self {
        Self { body, position: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.position >= self.body.len()
    }
}

impl Iterator for Inbox {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        while let Some(rest) = self.body.get(self.position..).filter(|rest| !rest.is_empty()) {
            let end = rest.find(RECORD_SEPARATOR).unwrap_or(rest.len());
            let record = decode_payload(&rest[..end]).next();
            self.position += end + RECORD_SEPARATOR.len_utf8();
            match record {
                Some(PayloadRecord::Text(text)) => return Some(Frame::Text(text.into())),
                Some(PayloadRecord::Binary(bytes)) => return Some(Frame::Binary(bytes.into())),
                None => {}
            }
        }
        *self = Self::default();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_packet_by_packet() {
        for body in ["", "2", "40\u{1e}\u{1e}42[\"ä\"]\u{1e}bAQID\u{1e}6\u{1e}", "\u{1e}\u{1e}"] {
            let mut inbox = Inbox::new(body.to_owned());
            let read: Vec<_> = inbox
                .by_ref()
                .map(|frame| match frame {
                    Frame::Text(text) => PayloadRecord::Text(text.to_string()),
                    Frame::Binary(bytes) => PayloadRecord::Binary(bytes.to_vec()),
                    Frame::Activity => unreachable!(),
                })
                .collect();
            assert_eq!(read, decode_payload(body).collect::<Vec<_>>(), "{body:?}");
            assert!(inbox.is_empty());
        }
    }
}
