//! Events in transit: an SDK thread writes them as JSON, in the encoding that Node reads fastest.

use automoderate::{Event, facade};
use napi::{Env, JsString};

/// A JSON array of events, as `lib/rows.ts` reads it.
pub(crate) enum Chunk {
    Ascii(String),
    Utf16(Vec<u16>),
}

impl Chunk {
    pub(crate) fn of(events: &[Event]) -> Self {
        let text = facade::events_to_rows(events, name);
        let others = text.bytes().filter(|byte| !byte.is_ascii()).count();
        match others {
            0 => Self::Ascii(text),
            // Escaping a few characters is cheaper than two bytes for each character of the text.
            few if few * 16 < text.len() => Self::Ascii(escaped(&text)),
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

/// Documented names stay as they are; the SDK's own names follow Node's conventions.
fn name(event: &Event) -> &'static str {
    match event {
        Event::ServerError(_) => "serverError",
        Event::UnknownEvent(_) => "unknownEvent",
        Event::MalformedEvent(_) => "malformedEvent",
        _ => event.name(),
    }
}

/// The first byte that is not ASCII; long ASCII pieces are skipped at once.
fn first_other(bytes: &[u8]) -> Option<usize> {
    const PIECE: usize = 64;
    let piece = bytes.chunks(PIECE).position(|piece| !piece.is_ascii())? * PIECE;
    bytes[piece..].iter().position(|byte| !byte.is_ascii()).map(|at| piece + at)
}

/// The same JSON in ASCII: other characters occur only in its strings.
fn escaped(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(at) = first_other(rest.as_bytes()) {
        let (ascii, others) = rest.split_at(at);
        out.push_str(ascii);
        let mut chars = others.chars();
        for unit in chars.next().into_iter().flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec()) {
            out.push_str("\\u");
            out.extend([12, 8, 4, 0].map(|shift| char::from(HEX[usize::from(unit >> shift & 15)])));
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}
