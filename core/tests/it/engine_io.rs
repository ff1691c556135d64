//! Engine.IO 4 packets and payloads, taken from the protocol document.

use std::time::Duration;

use automoderate::eio::{
    DecodeError, Handshake, MAX_PACKETS_PER_POST, Packet, PayloadRecord, decode_payload, encode_payload,
};
use proptest::prelude::*;

#[test]
fn documented_packets_round_trip() {
    for (frame, packet) in [
        (r#"0{"sid":"lv_VI97HAXpY6yYWAAAB"}"#, Packet::Open(r#"{"sid":"lv_VI97HAXpY6yYWAAAB"}"#)),
        ("1", Packet::Close),
        ("2", Packet::Ping("")),
        ("2probe", Packet::Ping("probe")),
        ("3", Packet::Pong("")),
        ("3probe", Packet::Pong("probe")),
        ("4hello", Packet::Message("hello")),
        ("4€", Packet::Message("€")),
        ("4", Packet::Message("")),
        ("5", Packet::Upgrade),
        ("6", Packet::Noop),
    ] {
        assert_eq!(Packet::decode(frame), Ok(packet));
        assert_eq!(packet.encode(), frame);
    }
}

#[test]
fn invalid_packets_are_refused() {
    assert_eq!(Packet::decode(""), Err(DecodeError::Empty));
    for (frame, kind) in [("7", '7'), ("bAQID", 'b'), (" 4", ' '), ("é", 'é'), ("\u{1e}", '\u{1e}')] {
        assert_eq!(Packet::decode(frame), Err(DecodeError::UnknownType(kind)));
    }
    // Data is ignored in packets of types that carry no data.
    assert_eq!(Packet::decode("1now"), Ok(Packet::Close));
    assert_eq!(Packet::decode("6x"), Ok(Packet::Noop));
}

#[test]
fn documented_payloads_are_decoded() {
    let text = |text: &str| PayloadRecord::Text(text.into());
    for (body, records) in [
        ("4hello", vec![text("4hello")]),
        ("2\u{1e}4world", vec![text("2"), text("4world")]),
        ("4hello\u{1e}2\u{1e}4world", vec![text("4hello"), text("2"), text("4world")]),
        ("4hello\u{1e}bAQIDBA==", vec![text("4hello"), PayloadRecord::Binary(vec![1, 2, 3, 4])]),
        ("bAQIDBA==", vec![PayloadRecord::Binary(vec![1, 2, 3, 4])]),
        ("", vec![]),
        ("\u{1e}\u{1e}6\u{1e}", vec![text("6")]),
        ("b!", vec![text("b!")]),
    ] {
        assert_eq!(decode_payload(body).collect::<Vec<_>>(), records, "{body:?}");
    }
}

#[test]
fn the_documented_handshake_is_decoded() {
    let handshake = Handshake::decode(
        r#"{"sid":"lv_VI97HAXpY6yYWAAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#,
    )
    .unwrap();
    assert_eq!(handshake.sid, "lv_VI97HAXpY6yYWAAAB");
    assert_eq!(handshake.ping_interval(), Duration::from_secs(25));
    assert_eq!(handshake.ping_timeout(), Duration::from_secs(20));
    assert_eq!(handshake.max_payload, 1_000_000);
    assert!(handshake.offers_websocket());

    let bare = Handshake::decode(r#"{"sid":"s","new":{"field":[1]}}"#).unwrap();
    assert!(!bare.offers_websocket() && !bare.ping_interval().is_zero() && bare.max_payload > 0);
    // An absurdly long ping interval or timeout is capped instead of overflowing.
    let endless = format!(r#"{{"sid":"s","pingInterval":{max},"pingTimeout":{max}}}"#, max = u64::MAX);
    let endless = Handshake::decode(&endless).unwrap();
    assert!(endless.ping_interval() + endless.ping_timeout() <= Duration::from_secs(2 * 86_400));
    for wrong in ["", "null", "[]", "{}", r#"{"sid":1}"#, r#"{"sid":"s","upgrades":"websocket"}"#] {
        assert!(Handshake::decode(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn packets_round_trip(data in "\\PC{0,80}", kind in 0usize..7) {
        let packet = [
            Packet::Open(&data), Packet::Close, Packet::Ping(&data), Packet::Pong(&data), Packet::Message(&data),
            Packet::Upgrade, Packet::Noop,
        ][kind];
        let frame = packet.encode();
        prop_assert_eq!(Packet::decode(&frame), Ok(packet));
    }

    #[test]
    fn decoding_never_panics(text in any::<String>()) {
        let _ = Packet::decode(&text);
        let _ = Handshake::decode(&text);
        decode_payload(&text).for_each(drop);
    }

    #[test]
    fn payloads_are_split_at_the_servers_limit(
        packets in proptest::collection::vec("4[a-z]{0,30}", 0..60),
        max in 1usize..200,
    ) {
        let (mut sent, mut rest) = (Vec::new(), packets.as_slice());
        while !rest.is_empty() {
            let (body, count) = encode_payload(rest.iter().map(String::as_str), max);
            prop_assert!(count > 0 && count <= MAX_PACKETS_PER_POST);
            prop_assert!(body.len() <= max || count == 1);
            sent.extend(decode_payload(&body).map(|record| match record {
                PayloadRecord::Text(text) => text,
                PayloadRecord::Binary(_) => String::new(),
            }));
            rest = &rest[count..];
        }
        prop_assert_eq!(sent, packets);
    }
}
