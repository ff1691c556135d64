//! Decoder of Socket.IO packets.

use std::borrow::Cow;

use super::packet::{DecodeError, MAX_ATTACHMENTS, Packet, PacketKind};
use crate::json_byte_search::find_json_special_byte;

/// Parses the header of a packet: its type, attachment count, namespace and id. Accepts data in packets of every type,
/// because some servers send data with DISCONNECT.
///
/// # Errors
/// Returns [`DecodeError`] if the header is malformed. The data after the header is not checked.
pub fn decode(text: &str) -> Result<Packet<'_>, DecodeError> {
    let mut chars = text.chars();
    let kind = match chars.next().ok_or(DecodeError::Empty)? {
        '0' => PacketKind::Connect,
        '1' => PacketKind::Disconnect,
        '2' => PacketKind::Event,
        '3' => PacketKind::Ack,
        '4' => PacketKind::ConnectError,
        '5' => PacketKind::BinaryEvent,
        '6' => PacketKind::BinaryAck,
        other => return Err(DecodeError::UnknownType(other)),
    };
    let mut rest = chars.as_str();
    let mut attachment_count = 0;
    if matches!(kind, PacketKind::BinaryEvent | PacketKind::BinaryAck) {
        let (count, after_count) = rest.split_once('-').ok_or(DecodeError::AttachmentCount)?;
        if count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DecodeError::AttachmentCount);
        }
        attachment_count = count.parse().unwrap_or(usize::MAX);
        if attachment_count > MAX_ATTACHMENTS {
            return Err(DecodeError::TooManyAttachments);
        }
        rest = after_count;
    }
    let mut namespace = "/";
    if rest.starts_with('/') {
        // The comma may be absent if nothing follows.
        (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
        // Some servers append the connection query to the namespace.
        namespace = namespace.split('?').next().unwrap_or(namespace);
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let mut ack_id = None;
    if digits > 0 {
        ack_id = Some(rest[..digits].parse().map_err(|_| DecodeError::AckId)?);
        rest = &rest[digits..];
    }
    Ok(Packet { kind, namespace, ack_id, attachment_count, data: rest })
}

/// Splits the data of an event into its name and the text of its arguments.
///
/// The arguments are everything between the comma after the name and the closing bracket. They are not checked. Without
/// a closing bracket, they extend to the end of the data.
///
/// # Errors
/// Returns [`DecodeError::EventName`] if the data is not an array that starts with a string.
pub fn split_event(data: &str) -> Result<(Cow<'_, str>, &str), DecodeError> {
    let inner = data.trim_ascii_start().strip_prefix('[').ok_or(DecodeError::EventName)?.trim_ascii_start();
    let body = inner.strip_prefix('"').ok_or(DecodeError::EventName)?;
    let (end, escaped) = closing_quote(body).ok_or(DecodeError::EventName)?;
    let raw = &body[..end];
    let name = if escaped {
        let quoted = &inner[..end + 2];
        Cow::Owned(serde_json::from_str(quoted).map_err(|_| DecodeError::EventName)?)
    } else {
        Cow::Borrowed(raw)
    };
    let rest = body[end + 1..].trim_ascii();
    let rest = rest.strip_suffix(']').unwrap_or(rest);
    let args = rest.strip_prefix(',').unwrap_or(rest).trim_ascii();
    Ok((name, args))
}

/// Returns the position of the quote that ends the name, and whether the name contains escapes.
fn closing_quote(body: &str) -> Option<(usize, bool)> {
    let bytes = body.as_bytes();
    let (mut from, mut escaped) = (0, false);
    loop {
        let at = from + find_json_special_byte(bytes.get(from..)?)?;
        match bytes[at] {
            b'"' => return Some((at, escaped)),
            b'\\' => (from, escaped) = (at + 2, true),
            _ => from = at + 1,
        }
    }
}
