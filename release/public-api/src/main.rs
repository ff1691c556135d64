//! Lists the public items of a crate, one per line: `public-api-listing DOC.json`, with rustdoc's JSON.

use std::collections::HashSet;
use std::io::{self, Write};

use public_api::Builder;

/// Traits that types gain or lose without notice.
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
        // A type's derives, Send and Sync are one line; the methods of these traits are left out.
        let implemented = item.starts_with("impl") && !LEFT_OUT.iter().any(|name| item.contains(name));
        if implemented || written.contains(&item) {
            writeln!(out, "{item}")?;
        }
    }
    out.flush()?;
    Ok(())
}
