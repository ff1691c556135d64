//! Cursors, ids, words and timestamps are serialized as their text.

use automoderate::{Cursor, ModeratorType, ProjectId, RuleAction, Status, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, text: &str) {
    let tree = serde_json::to_value(value).unwrap();
    assert_eq!(tree, json!(text));
    assert_eq!(&serde_json::from_value::<T>(tree).unwrap(), value);
    // Text with an escape can't be borrowed.
    let escaped: String = text.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    assert_eq!(&serde_json::from_str::<T>(&format!("\"{escaped}\"")).unwrap(), value);
}

#[test]
fn as_text_and_back() {
    check(&"log-1:41".parse::<Cursor>().unwrap(), "log-1:41");
    check(&Cursor::from(7), "7");
    check(&ProjectId::from("proj_1"), "proj_1");
    check(&Status::Approved, "approved");
    check(&Status::from("odd"), "odd");
    check(&ModeratorType::Ai, "ai");
    check(&Timestamp::from("2026-11-22T12:39:46.406078"), "2026-11-22T12:39:46.406078");
    check(&Timestamp::default(), "");
    assert_eq!(serde_json::from_value::<RuleAction>(json!("rejected")).unwrap(), RuleAction::Reject);
}

#[test]
fn invalid_cursors_are_refused() {
    for wrong in [json!("forty-one"), json!(":1"), Value::Null, json!({})] {
        assert!(serde_json::from_value::<Cursor>(wrong.clone()).is_err(), "{wrong}");
    }
}
