//! Removal of Unicode word boundaries from regular expressions, because lazy DFAs do not support them.

use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

/// Removes the Unicode word boundaries from a pattern. The result matches every text that the pattern matches, and possibly further texts.
pub(super) fn without_unicode_word_boundaries(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(
            Look::WordUnicode
            | Look::WordUnicodeNegate
            | Look::WordStartUnicode
            | Look::WordEndUnicode
            | Look::WordStartHalfUnicode
            | Look::WordEndHalfUnicode,
        ) => Hir::empty(),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(without_unicode_word_boundaries(&repetition.sub));
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Capture(capture) => without_unicode_word_boundaries(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(without_unicode_word_boundaries).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(without_unicode_word_boundaries).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}
