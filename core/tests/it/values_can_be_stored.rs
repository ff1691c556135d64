//! Cursors, ids, enum values, and timestamps are serialized as text.

use automoderate::{Cursor, ModeratorType, ProjectId, RuleAction, Status, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

fn expect_text_round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, text: &str) {
    let tree = serde_json::to_value(value).unwrap();
    assert_eq!(tree, json!(text));
    assert_eq!(&serde_json::from_value::<T>(tree).unwrap(), value);
    // Text that contains escapes cannot be deserialized by borrowing.
    let escaped: String = text.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    assert_eq!(&serde_json::from_str::<T>(&format!("\"{escaped}\"")).unwrap(), value);
}

#[test]
fn values_round_trip_as_text() {
    expect_text_round_trip(&"log-1:41".parse::<Cursor>().unwrap(), "log-1:41");
    expect_text_round_trip(&Cursor::from(7), "7");
    expect_text_round_trip(&ProjectId::from("proj_1"), "proj_1");
    expect_text_round_trip(&Status::Approved, "approved");
    expect_text_round_trip(&Status::from("odd"), "odd");
    expect_text_round_trip(&ModeratorType::Ai, "ai");
    expect_text_round_trip(&Timestamp::from("2026-11-22T12:39:46.406078"), "2026-11-22T12:39:46.406078");
    expect_text_round_trip(&Timestamp::default(), "");
    assert_eq!(serde_json::from_value::<RuleAction>(json!("rejected")).unwrap(), RuleAction::Reject);
}

#[test]
fn invalid_cursors_are_refused() {
    for wrong in [json!("forty-one"), json!(":1"), Value::Null, json!({})] {
        assert!(serde_json::from_value::<Cursor>(wrong.clone()).is_err(), "{wrong}");
    }
}
