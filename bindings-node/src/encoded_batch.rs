//! Serializes events in the encoding that Node reads fastest.

use automoderate::{Event, facade};
use napi::{Env, JsString};

/// JSON array of events, which `lib/batches.ts` parses.
pub(crate) enum EncodedBatch {
    Ascii(String),
    Utf16(Vec<u16>),
}

impl EncodedBatch {
    pub(crate) fn from_events(events: &[Event]) -> Self {
        let text = facade::events_to_rows(events, node_event_name);
        let non_ascii = text.bytes().filter(|byte| !byte.is_ascii()).count();
        match non_ascii {
            0 => Self::Ascii(text),
            // Escaping a few characters is cheaper than encoding the whole text with two bytes per character.
            few if few * 16 < text.len() => Self::Ascii(escape_non_ascii(&text)),
            _ => Self::Utf16(text.encode_utf16().collect()),
        }
    }

    pub(crate) fn into_string(self, env: &Env) -> napi::Result<JsString<'_>> {
        match self {
            Self::Ascii(text) => env.create_string_latin1(text),
            Self::Utf16(text) => env.create_string_utf16(text),
        }
    }
}

/// Returns the event's name in Node: documented names are unchanged, and the SDK's own names are in camel case.
pub(crate) fn node_event_name(event: &Event) -> &'static str {
    match event {
        Event::ServerError(_) => "serverError",
        Event::UnknownEvent(_) => "unknownEvent",
        Event::MalformedEvent(_) => "malformedEvent",
        _ => event.name(),
    }
}

/// Returns the position of the first non-ASCII byte. For speed, skips pieces that contain only ASCII.
fn first_non_ascii(bytes: &[u8]) -> Option<usize> {
    const PIECE_BYTES: usize = 64;
    let piece = bytes.chunks(PIECE_BYTES).position(|piece| !piece.is_ascii())? * PIECE_BYTES;
    bytes[piece..].iter().position(|byte| !byte.is_ascii()).map(|at| piece + at)
}

/// Escapes all non-ASCII characters as `\u…`. In JSON, such characters occur only inside strings.
fn escape_non_ascii(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(at) = first_non_ascii(rest.as_bytes()) {
        let (ascii, non_ascii) = rest.split_at(at);
        out.push_str(ascii);
        let mut chars = non_ascii.chars();
        for unit in chars.next().into_iter().flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec()) {
            out.push_str("\\u");
            out.extend([12, 8, 4, 0].map(|shift| char::from(HEX[usize::from(unit >> shift & 15)])));
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}
