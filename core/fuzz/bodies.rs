//! Bodies of the fuzz targets. `tests/fuzz_corpus.rs` also runs them on the stable toolchain.
#![allow(dead_code, reason = "each target uses only one")]

use automoderate::{
    Event, Origin,
    eio::{self, PayloadRecord},
    events::{self, Arrival},
    sio,
    testing::fuzz,
};
use serde_json::value::RawValue;

/// Checks that a decoded Engine.IO packet is re-encoded to the same text, except for data that packets of its type do
/// not carry.
pub(crate) fn eio_packet(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(packet) = eio::Packet::decode(text) else { return };
    let encoded = packet.encode();
    assert!(text.starts_with(&encoded));
    assert_eq!(eio::Packet::decode(&encoded), Ok(packet));
    if let eio::Packet::Open(data) = packet
        && let Ok(handshake) = eio::Handshake::decode(data)
    {
        // Adding both intervals to an instant must not overflow.
        let _ = std::time::Instant::now() + handshake.ping_interval() + handshake.ping_timeout();
        let _ = handshake.offers_websocket();
    }
}

/// Checks that the text packets of a polling body survive encoding and decoding, and that an encoded body respects the
/// limits of a request.
pub(crate) fn eio_payload(data: &[u8]) {
    let Ok(body) = std::str::from_utf8(data) else { return };
    let texts: Vec<String> = eio::decode_payload(body)
        .filter_map(|record| match record {
            PayloadRecord::Text(text) => Some(text),
            PayloadRecord::Binary(_) => None,
        })
        .collect();
    let (encoded, count) = eio::encode_payload(texts.iter().map(String::as_str), 1_000);
    assert!(count <= eio::MAX_PACKETS_PER_POST);
    assert!(encoded.len() <= 1_000 || count <= 1);
    let again: Vec<_> = eio::decode_payload(&encoded).collect();
    let first: Vec<_> = texts.into_iter().take(count).map(PayloadRecord::Text).collect();
    assert_eq!(again, first);
}

/// Checks that the data of a Socket.IO packet is part of the packet's text, that the announced number of attachments is
/// accepted, and that the arguments of an event are part of the packet's data.
pub(crate) fn sio_decode(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(packet) = sio::decode(text) else { return };
    assert!(text.ends_with(packet.data) || packet.data.is_empty());
    assert!(packet.attachment_count <= sio::MAX_ATTACHMENTS);
    let mut assembler = sio::AttachmentAssembler::default();
    let complete = assembler.start(&packet, packet.kind == sio::PacketKind::BinaryAck);
    assert_eq!(complete.is_some(), packet.attachment_count == 0);
    for due in (0..packet.attachment_count).rev() {
        let event = assembler.add(b"bytes").expect("the attachment was announced");
        assert_eq!(event.is_some(), due == 0);
    }
    assert!(assembler.add(b"one more").is_err());
    let Ok((name, arguments)) = sio::split_event(packet.data) else { return };
    assert!(packet.data.contains(arguments));
    // Well-formed input must be read as a JSON parser would read it.
    if let Ok(serde_json::Value::Array(list)) = serde_json::from_str(packet.data) {
        assert_eq!(list.first().and_then(serde_json::Value::as_str), Some(&*name));
        let rest: serde_json::Value = serde_json::from_str(&format!("[{arguments}]")).expect("arguments");
        assert_eq!(rest.as_array().map(Vec::as_slice), list.get(1..));
        let encoded = sio::event(&name, (!arguments.is_empty()).then_some(arguments), packet.ack_id);
        let again = sio::decode(&encoded).expect("an event of our own");
        assert_eq!(again.ack_id, packet.ack_id);
        assert_eq!(sio::split_event(again.data).expect("its name"), (name, arguments));
    }
}

/// Decodes an event whose name is the first line and whose arguments are the rest. A single line is decoded as the
/// arguments of a `moderation_update`. Any text must yield an event.
pub(crate) fn event_decode(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (name, arguments) = text.split_once('\n').unwrap_or(("moderation_update", text));
    let received = Arrival { origin: Origin::Live, at: jiff::Timestamp::UNIX_EPOCH };
    let event = events::decode(name, arguments, received);
    // Payloads are passed on verbatim, so they may contain unpaired surrogates and numbers beyond the range of an `f64`.
    // A `RawValue` can hold these, but a `Value` can't.
    let line = event.to_line();
    serde_json::from_str::<&RawValue>(&line).expect("a line of JSON");
    assert!(!line.contains('\n') || arguments.contains('\n'), "{line}");
    assert_eq!(event.clone(), event);
    assert!(!format!("{event:?}").is_empty());
    if let Some(payload) = event.meta().payload() {
        assert!(arguments.contains(payload.as_str()) || payload.as_str() == "null");
    }
    if let Event::ModerationUpdate(update) = &event {
        assert!(!update.content_preview_html().contains('<'));
        if let Some(raw) = &update.meta_data {
            serde_json::from_str::<&RawValue>(raw.as_str()).expect("metadata is valid JSON");
        }
        if let Some(instant) = update.timestamp.to_rfc3339() {
            assert!(instant.ends_with('Z'), "{instant}");
        }
    }
    if name == "moderation_update" {
        assert_decoders_agree(&event, arguments);
    }
}

/// Checks that the fast decoder and the decoder for irregular objects agree.
///
/// Adding a key with an escape sequence selects the decoder for irregular objects. The key's value is `null`, which has
/// no effect on the result.
fn assert_decoders_agree(event: &Event, arguments: &str) {
    let Some(rest) = arguments.trim_ascii_start().strip_prefix('{') else { return };
    // The two decoders count nesting differently, so deeply nested inputs are skipped.
    if rest.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count() > 100 {
        return;
    }
    let comma = if rest.trim_ascii_start().starts_with('}') { "" } else { "," };
    let irregular = format!(r#"{{"\u0073tatus":null{comma}{rest}"#);
    let received = Arrival { origin: Origin::Live, at: jiff::Timestamp::UNIX_EPOCH };
    match (event, events::decode("moderation_update", &irregular, received)) {
        (Event::ModerationUpdate(one), Event::ModerationUpdate(mut other)) => {
            assert_eq!((&one.meta.project_id, one.meta.event_id), (&other.meta.project_id, other.meta.event_id));
            other.meta = one.meta.clone();
            assert_eq!(*one, other);
        }
        (one, other) => assert_eq!(one.name(), other.name(), "{one:?} and {other:?}"),
    }
}

/// Runs a session on a script of frames; see [`fuzz::run_session_script`].
pub(crate) fn session(data: &[u8]) {
    fuzz::run_session_script(data);
}

/// Extracts the CSRF token from a login page. The SDK parses no other HTML.
pub(crate) fn login_form(data: &[u8]) {
    let Ok(page) = std::str::from_utf8(data) else { return };
    if let Some(token) = fuzz::login_csrf_token(page) {
        assert!(token.len() <= page.len());
    }
}
