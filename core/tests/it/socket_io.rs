//! Socket.IO 5 packets, taken from the protocol document.

use automoderate::sio::{
    AttachmentAssembler, AttachmentError, DecodeError, MAX_ATTACHMENTS, Packet, PacketKind, connect, decode,
    disconnect, event, split_event,
};
use proptest::prelude::*;

fn expected_packet(
    kind: PacketKind,
    namespace: &str,
    ack_id: Option<u64>,
    attachment_count: usize,
    data: &'static str,
) -> Packet<'static> {
    Packet { kind, namespace: Box::leak(namespace.to_owned().into_boxed_str()), ack_id, attachment_count, data }
}

#[test]
fn documented_packets_round_trip() {
    for (text, wanted) in [
        ("0", expected_packet(PacketKind::Connect, "/", None, 0, "")),
        (r#"0{"token":"123"}"#, expected_packet(PacketKind::Connect, "/", None, 0, r#"{"token":"123"}"#)),
        ("0/admin,", expected_packet(PacketKind::Connect, "/admin", None, 0, "")),
        (r#"0/admin,{"sid":"x"}"#, expected_packet(PacketKind::Connect, "/admin", None, 0, r#"{"sid":"x"}"#)),
        ("1", expected_packet(PacketKind::Disconnect, "/", None, 0, "")),
        ("1/admin,", expected_packet(PacketKind::Disconnect, "/admin", None, 0, "")),
        (r#"2["foo"]"#, expected_packet(PacketKind::Event, "/", None, 0, r#"["foo"]"#)),
        (r#"2/admin,["bar"]"#, expected_packet(PacketKind::Event, "/admin", None, 0, r#"["bar"]"#)),
        (r#"212["foo"]"#, expected_packet(PacketKind::Event, "/", Some(12), 0, r#"["foo"]"#)),
        (
            r#"2/admin,456["project:delete",123]"#,
            expected_packet(PacketKind::Event, "/admin", Some(456), 0, r#"["project:delete",123]"#),
        ),
        (r#"312["bar"]"#, expected_packet(PacketKind::Ack, "/", Some(12), 0, r#"["bar"]"#)),
        ("3/admin,13[]", expected_packet(PacketKind::Ack, "/admin", Some(13), 0, "[]")),
        (
            r#"4{"message":"Not authorized"}"#,
            expected_packet(PacketKind::ConnectError, "/", None, 0, r#"{"message":"Not authorized"}"#),
        ),
        (r#"4/admin,"no""#, expected_packet(PacketKind::ConnectError, "/admin", None, 0, r#""no""#)),
        (
            r#"51-["baz",{"_placeholder":true,"num":0}]"#,
            expected_packet(PacketKind::BinaryEvent, "/", None, 1, r#"["baz",{"_placeholder":true,"num":0}]"#),
        ),
        (
            r#"52-/admin,["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
            expected_packet(
                PacketKind::BinaryEvent,
                "/admin",
                None,
                2,
                r#"["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
            ),
        ),
        (
            r#"61-15["bar",{"_placeholder":true,"num":0}]"#,
            expected_packet(PacketKind::BinaryAck, "/", Some(15), 1, r#"["bar",{"_placeholder":true,"num":0}]"#),
        ),
        (
            r#"61-/admin,1[{"_placeholder":true,"num":0}]"#,
            expected_packet(PacketKind::BinaryAck, "/admin", Some(1), 1, r#"[{"_placeholder":true,"num":0}]"#),
        ),
        // Packets from servers that deviate from the document.
        ("0/admin", expected_packet(PacketKind::Connect, "/admin", None, 0, "")),
        (r#"0/admin?token=x,{"a":1}"#, expected_packet(PacketKind::Connect, "/admin", None, 0, r#"{"a":1}"#)),
        (r#"1{"reason":"x"}"#, expected_packet(PacketKind::Disconnect, "/", None, 0, r#"{"reason":"x"}"#)),
    ] {
        assert_eq!(decode(text), Ok(wanted), "{text}");
    }
}

#[test]
fn invalid_packets_are_refused() {
    let many = format!("5{}-[]", MAX_ATTACHMENTS + 1);
    for (text, wanted) in [
        ("", DecodeError::Empty),
        ("7", DecodeError::UnknownType('7')),
        ("x", DecodeError::UnknownType('x')),
        ("5[]", DecodeError::AttachmentCount),
        ("5-[]", DecodeError::AttachmentCount),
        ("5+1-[]", DecodeError::AttachmentCount),
        ("6x-[]", DecodeError::AttachmentCount),
        (&many, DecodeError::TooManyAttachments),
        ("599999999999999999999999999-[]", DecodeError::TooManyAttachments),
        (r#"218446744073709551616["a"]"#, DecodeError::AckId),
    ] {
        assert_eq!(decode(text), Err(wanted), "{text}");
    }
    assert_eq!(decode("218446744073709551615[]").unwrap().ack_id, Some(u64::MAX));
}

#[test]
fn event_names_are_split_from_arguments() {
    for (data, name, arguments) in [
        (r#"["a"]"#, "a", ""),
        (r#"["a",1]"#, "a", "1"),
        (r#" [ "a" , {"b":[1,2]} , "c" ] "#, "a", r#"{"b":[1,2]} , "c""#),
        (r#"["with \"quotes\" and \u00e9",null]"#, "with \"quotes\" and é", "null"),
        (r#"["\\"]"#, "\\", ""),
        (r#"["",]"#, "", ""),
        (r#"["a",1"#, "a", "1"),
        (r#"["a"#, "", ""),
    ] {
        match split_event(data) {
            Ok((found, rest)) => assert_eq!((&*found, rest), (name, arguments), "{data}"),
            Err(error) => assert_eq!((error, data), (DecodeError::EventName, r#"["a"#)),
        }
    }
    for data in ["", "[]", "{}", "[1]", "[null,1]", r#""a""#, r#"["\ud800"]"#, r#"["\"#, r#"["\x"]"#] {
        assert_eq!(split_event(data), Err(DecodeError::EventName), "{data}");
    }
}

#[test]
fn client_packets_are_encoded() {
    assert_eq!(connect(None), "0");
    assert_eq!(connect(Some(r#"{"token":"123"}"#)), r#"0{"token":"123"}"#);
    assert_eq!(disconnect(), "1");
    assert_eq!(event("foo", None, None), r#"2["foo"]"#);
    assert_eq!(event("foo", Some(r#"{"a":1}"#), Some(12)), r#"212["foo",{"a":1}]"#);
    assert_eq!(event("a \"b\"\n", Some("1"), None), "2[\"a \\\"b\\\"\\n\",1]");
}

#[test]
fn attachments_complete_their_packet() {
    let mut assembler = AttachmentAssembler::default();
    let text = r#"52-7["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    assert_eq!(assembler.start(&decode(text).unwrap(), false), None);
    assert_eq!(assembler.add(&[1]), Ok(None));
    let whole = assembler.add(&[2, 3]).unwrap().unwrap();
    assert_eq!((whole.ack_id, whole.attachments), (None, vec![vec![1], vec![2, 3]]));
    assert_eq!(assembler.add(&[4]), Err(AttachmentError::Unannounced));

    assembler.start(&decode(r#"61-7[{"_placeholder":true,"num":0}]"#).unwrap(), true);
    assert_eq!(assembler.add(&[]).unwrap().unwrap().ack_id, Some(7));

    assembler.start(&decode("53-[]").unwrap(), false);
    assert_eq!(assembler.add(&[1]), Ok(None));
    assert_eq!(assembler.check_complete(), Err(AttachmentError::Missing { missing: 2 }));
    assert_eq!(assembler.check_complete(), Ok(()));
    assert_eq!(assembler.add(&[1]), Err(AttachmentError::Unannounced), "an interrupted packet is discarded");

    assembler.start(&decode("52-[]").unwrap(), false);
    assert_eq!(assembler.add(&vec![0; 16 * 1024 * 1024]), Ok(None));
    assert_eq!(assembler.add(&[0]), Err(AttachmentError::TooLarge));
    assert_eq!(assembler.add(&[0]), Err(AttachmentError::Unannounced));
}

proptest! {
    #[test]
    fn events_round_trip(name in "\\PC{0,30}", argument in proptest::option::of("\\PC{0,60}"), id: Option<u64>) {
        let argument = argument.map(|text| serde_json::to_string(&text).unwrap());
        let text = event(&name, argument.as_deref(), id);
        let packet = decode(&text).unwrap();
        prop_assert_eq!((packet.kind, packet.namespace, packet.ack_id), (PacketKind::Event, "/", id));
        let (found, rest) = split_event(packet.data).unwrap();
        prop_assert_eq!(&*found, &*name);
        prop_assert_eq!(rest, argument.as_deref().unwrap_or(""));
    }

    #[test]
    fn decoding_never_panics(text in prop_oneof![any::<String>(), "[0-7]{1,3}-?/?[a-z]{0,3},?[0-9]{0,25}\\PC{0,20}"]) {
        if let Ok(packet) = decode(&text) {
            prop_assert!(text.ends_with(packet.data));
            let _ = split_event(packet.data);
        }
        let _ = split_event(&text);
    }
}
