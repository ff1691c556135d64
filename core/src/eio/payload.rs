//! Body of a polling request or response. Packets are joined by the record separator. A binary packet is encoded as the
//! letter `b` followed by base64.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Maximum number of packets in the body of one polling request. If a request contains more packets, python-engineio
/// answers `OK` but drops all of them.
pub const MAX_PACKETS_PER_POST: usize = 16;

/// Separator between two packets of a polling body.
pub const RECORD_SEPARATOR: char = '\x1e';

/// One packet of a polling body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadRecord {
    /// Text of a packet.
    Text(String),
    /// Bytes of a binary message.
    Binary(Vec<u8>),
}

/// Splits a polling body into its packets. A record with invalid base64 is returned as text, which fails to parse as a
/// packet.
pub fn decode_payload(body: &str) -> impl Iterator<Item = PayloadRecord> + '_ {
    body.split(RECORD_SEPARATOR).filter(|part| !part.is_empty()).map(|part| {
        part.strip_prefix('b')
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .map_or_else(|| PayloadRecord::Text(part.to_owned()), PayloadRecord::Binary)
    })
}

/// Joins packets from the front of `queue` into the body of one request. Takes at most [`MAX_PACKETS_PER_POST`] packets
/// and at most `max_bytes` bytes, but always takes the first packet. Returns the body and the number of packets in it.
#[must_use]
pub fn encode_payload<'a>(queue: impl IntoIterator<Item = &'a str>, max_bytes: usize) -> (String, usize) {
    let mut body = String::new();
    let mut count = 0;
    for packet in queue.into_iter().take(MAX_PACKETS_PER_POST) {
        if count > 0 && body.len() + 1 + packet.len() > max_bytes {
            break;
        }
        if count > 0 {
            body.push(RECORD_SEPARATOR);
        }
        body.push_str(packet);
        count += 1;
    }
    (body, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_split_into_its_packets() {
        let records: Vec<_> = decode_payload("40\u{1e}42[\"a\"]\u{1e}bAQID\u{1e}6").collect();
        assert_eq!(
            records,
            [
                PayloadRecord::Text("40".into()),
                PayloadRecord::Text("42[\"a\"]".into()),
                PayloadRecord::Binary(vec![1, 2, 3]),
                PayloadRecord::Text("6".into()),
            ]
        );
    }

    #[test]
    fn a_request_stays_within_the_limits_of_servers() {
        let packets = vec!["42[\"x\"]"; 40];
        let (body, count) = encode_payload(packets.iter().copied(), usize::MAX);
        assert_eq!(count, MAX_PACKETS_PER_POST);
        assert_eq!(decode_payload(&body).count(), MAX_PACKETS_PER_POST);
        let (_, count) = encode_payload(packets.iter().copied(), 20);
        assert_eq!(count, 2);
        let (body, count) = encode_payload(["a longer packet than the limit"], 5);
        assert_eq!((body.as_str(), count), ("a longer packet than the limit", 1));
    }
}
