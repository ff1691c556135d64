//! Lists what is public of a crate, an item a line: `public-api-listing DOC.json`, with the JSON that rustdoc has written.

use std::collections::HashSet;
use std::io::{self, Write};

use public_api::Builder;

/// Traits that every type has or loses without anybody noticing.
const LEFT_OUT: [&str; 4] =
    ["marker::Freeze ", "marker::StructuralPartialEq ", "marker::UnsafeUnpin ", "panic::unwind_safe::"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let json = std::env::args_os().nth(1).ok_or("usage: public-api-listing DOC.json")?;
    let api = |written_only| {
        let builder = Builder::from_rustdoc_json(&json).omit_blanket_impls(true);
        builder.omit_auto_trait_impls(written_only).omit_auto_derived_impls(written_only).build()
    };
    let written: HashSet<String> = api(true)?.items().map(ToString::to_string).collect();

    let mut out = io::BufWriter::new(io::stdout().lock());
    for item in api(false)?.items().map(ToString::to_string) {
        // What a type derives, and whether it is Send and Sync, is one line; the methods of these traits are no news.
        let implemented = item.starts_with("impl") && !LEFT_OUT.iter().any(|name| item.contains(name));
        if implemented || written.contains(&item) {
            writeln!(out, "{item}")?;
        }
    }
    out.flush()?;
    Ok(())
}
