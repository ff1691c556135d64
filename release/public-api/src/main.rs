//! Lists the public items of a crate, one per line: `public-api-listing DOC.json`, where DOC.json is rustdoc's output.

use std::collections::HashSet;
use std::io::{self, Write};

use public_api::Builder;

/// Traits that the listing omits. A type can start or stop implementing most of them without a change to its source.
const OMITTED_TRAITS: [&str; 4] =
    ["marker::Freeze ", "marker::StructuralPartialEq ", "marker::UnsafeUnpin ", "panic::unwind_safe::"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let json = std::env::args_os().nth(1).ok_or("usage: public-api-listing DOC.json")?;
    let public_api = |only_explicit| {
        let builder = Builder::from_rustdoc_json(&json).omit_blanket_impls(true);
        builder.omit_auto_trait_impls(only_explicit).omit_auto_derived_impls(only_explicit).build()
    };
    let explicit: HashSet<String> = public_api(true)?.items().map(ToString::to_string).collect();

    let mut out = io::BufWriter::new(io::stdout().lock());
    for item in public_api(false)?.items().map(ToString::to_string) {
        // For Send, Sync and derived traits, list only the `impl` line, without the methods.
        let is_impl = item.starts_with("impl") && !OMITTED_TRAITS.iter().any(|name| item.contains(name));
        if is_impl || explicit.contains(&item) {
            writeln!(out, "{item}")?;
        }
    }
    out.flush()?;
    Ok(())
}
