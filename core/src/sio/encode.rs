//! Encoder of Socket.IO packets. The SDK sends only three types: CONNECT, EVENT and DISCONNECT.

use std::fmt::Write;

/// Encodes a CONNECT packet for the default namespace, with an optional auth payload.
#[must_use]
pub fn connect(auth: Option<&str>) -> String {
    format!("0{}", auth.unwrap_or(""))
}

/// Encodes a DISCONNECT packet for the default namespace.
#[must_use]
pub fn disconnect() -> String {
    "1".to_owned()
}

/// Encodes an EVENT packet with a name and the JSON text of its argument, if any. If `id` is given, the packet
/// requests an acknowledgement.
#[must_use]
pub fn event(name: &str, argument: Option<&str>, id: Option<u64>) -> String {
    let mut text = String::with_capacity(8 + name.len() + argument.map_or(0, str::len));
    text.push('2');
    if let Some(id) = id {
        let _ = write!(text, "{id}");
    }
    text.push('[');
    text.push_str(&serde_json::Value::from(name).to_string());
    if let Some(argument) = argument {
        text.push(',');
        text.push_str(argument);
    }
    text.push(']');
    text
}
