//! What a person typed into a search box, as terms for FTS5.
//!
//! Words are ANDed, `"phrases"` are kept, the last word is a prefix. Invariant: FTS5 gets quoted strings only, so no
//! text is a syntax error.

use crate::words::{spaced, stands_alone, words};

/// More words than this are not looked at.
const TERMS_MAX: usize = 32;
/// A last word of fewer bytes is taken whole: prefixes that short match nearly everything, and slowly.
const PREFIX_MIN: usize = 2;

/// A parsed query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) terms: Vec<Term>,
}

/// A word or phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// As it goes to FTS5, without the quotes.
    text: String,
    /// Folded words, for marking.
    pub(crate) words: Vec<String>,
    /// The last word may go on.
    pub(crate) prefix: bool,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let mut terms: Vec<Term> = pieces(text).filter_map(Term::new).take(TERMS_MAX).collect();
        // White space at the end closes a word, a quotation mark a phrase: then it is no prefix any more.
        let open = text.ends_with(|c: char| c.is_alphanumeric() && !stands_alone(c));
        if let Some(last) = terms.last_mut().filter(|_| open) {
            last.prefix = last.words.last().is_some_and(|word| word.len() >= PREFIX_MIN);
        }
        Self { terms }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The `MATCH` expression.
    pub(crate) fn fts(&self) -> String {
        let mut out = String::new();
        for term in &self.terms {
            if !out.is_empty() {
                out.push_str(" AND ");
            }
            out.push('"');
            out.push_str(&term.text);
            out.push('"');
            out.push_str(if term.prefix { " *" } else { "" });
        }
        out
    }
}

impl Term {
    /// `None` where nothing in `text` is a word.
    fn new(text: &str) -> Option<Self> {
        let folded: Vec<String> =
            words(text).map(|word| word.folded).filter(|word| !word.is_empty()).collect();
        let text = spaced(text).unwrap_or_else(|| text.to_owned());
        (!folded.is_empty()).then_some(Self { text, words: folded, prefix: false })
    }
}

/// Phrases between quotation marks, and words between white space.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').enumerate().flat_map(|(n, part)| {
        let phrase = n % 2 == 1;
        part.split(move |c: char| c == '\0' || (!phrase && (c.is_whitespace() || c.is_control())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fts(text: &str) -> String {
        Query::parse(text).fts()
    }

    #[test]
    fn words_phrases_and_prefix() {
        assert_eq!(fts("hello wor"), r#""hello" AND "wor" *"#);
        assert_eq!(fts("hello wor "), r#""hello" AND "wor""#);
        assert_eq!(fts(r#"a "b c" d"#), r#""a" AND "b c" AND "d""#);
        assert_eq!(fts(r#"say "open end"#), r#""say" AND "open end" *"#);
        assert_eq!(fts("foo-bar"), r#""foo-bar" *"#);
        assert_eq!(fts("你好"), r#"" 你  好 ""#);
    }

    #[test]
    fn operators_are_words_and_signs_are_nothing() {
        assert_eq!(fts("NEAR(a b) OR -x:y*"), r#""NEAR(a" AND "b)" AND "OR" AND "-x:y*""#);
        assert_eq!(fts("*** \" ' () \0 \u{1F980}"), "");
        assert_eq!(fts("a\0b "), r#""a" AND "b""#);
    }
}
