//! The piece of a text that a hit shows, with what matches in it.
//!
//! Owns matching outside SQLite: roughly its folding, so a hit may have no mark, and then shows the text's beginning.
//! Invariant: marks are sorted, apart from each other, and on character boundaries of the excerpt.

use crate::query::Query;
use crate::words::{Word, words};
use std::collections::VecDeque;

/// Characters of an excerpt.
const LENGTH: usize = 160;
/// Of these, before the first match.
const BEFORE: usize = 50;
const CUT: &str = "…";

/// About 160 characters of `text` around its first match, in one line, and the byte ranges that match.
pub(crate) fn excerpt(text: &str, query: &Query) -> (String, Vec<(usize, usize)>) {
    let first = matches(text, query).next().map_or(0, |(start, _)| start);
    let from = step_back(text, first, BEFORE);
    let body = text.get(from..).unwrap_or_default();
    let to = body.char_indices().nth(LENGTH).map_or(body.len(), |(at, _)| at);
    let shown = body.get(..to).unwrap_or_default();
    let head = if from > 0 { CUT } else { "" };
    let mut out = String::with_capacity(shown.len() + 2 * CUT.len());
    out.push_str(head);
    // One byte for one byte: marks stay where they are.
    out.extend(shown.chars().map(|c| if c.is_ascii_control() { ' ' } else { c }));
    out.push_str(if to < body.len() { CUT } else { "" });
    let found = matches(shown, query).map(|(start, end)| (start + head.len(), end + head.len()));
    (out, merged(found.collect()))
}

/// Whether `text` has a match at all.
pub(crate) fn has_match(text: &str, query: &Query) -> bool {
    matches(text, query).next().is_some()
}

/// Byte ranges of `text` that a term matches, by their end.
fn matches<'a>(text: &'a str, query: &'a Query) -> impl Iterator<Item = (usize, usize)> + 'a {
    let longest = query.terms.iter().map(|term| term.words.len()).max().unwrap_or(0);
    let mut last: VecDeque<Word> = VecDeque::with_capacity(longest + 1);
    words(text).flat_map(move |word| {
        if last.len() == longest {
            last.pop_front();
        }
        last.push_back(word);
        query.terms.iter().filter_map(|term| ends_here(&last, &term.words, term.prefix)).collect::<Vec<_>>()
    })
}

/// The range of a term whose last word is the last one of `seen`.
fn ends_here(seen: &VecDeque<Word>, term: &[String], prefix: bool) -> Option<(usize, usize)> {
    let skip = seen.len().checked_sub(term.len())?;
    let (last, before) = term.split_last()?;
    let end = seen.back().filter(|w| w.folded == *last || (prefix && w.folded.starts_with(last.as_str())))?;
    let mut run = seen.iter().skip(skip);
    let start = run.clone().next()?.start;
    before.iter().all(|word| run.next().is_some_and(|w| w.folded == *word)).then_some((start, end.end))
}

/// `chars` characters before `at`, then on to the next beginning of a word if one is near.
fn step_back(text: &str, at: usize, chars: usize) -> usize {
    let head = text.get(..at).unwrap_or_default();
    let Some((from, _)) = head.char_indices().rev().nth(chars.saturating_sub(1)) else { return 0 };
    if from == 0 {
        return 0;
    }
    let near = head.get(from..).unwrap_or_default();
    let space = near.char_indices().take(chars / 2).find(|(_, c)| c.is_whitespace());
    space.map_or(from, |(gap, c)| from + gap + c.len_utf8())
}

fn merged(mut marks: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    marks.sort_unstable();
    let mut out: Vec<(usize, usize)> = Vec::with_capacity(marks.len());
    for (start, end) in marks {
        match out.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => out.push((start, end)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, query: &str) -> (String, Vec<String>) {
        let (out, marks) = excerpt(text, &Query::parse(query));
        let parts = marks.iter().map(|&(from, to)| out[from..to].to_owned()).collect();
        (out, parts)
    }

    #[test]
    fn marks_words_phrases_prefixes_and_folds() {
        let (_, marks) = marked("The Crème brûlée is a creme.", "creme bru");
        assert_eq!(marks, ["Crème", "brûlée", "creme"]);
        let (_, marks) = marked("one two three, one\ntwo", r#""one two""#);
        assert_eq!(marks, ["one two", "one two"]);
        let (_, marks) = marked("我们说你好世界", "你好");
        assert_eq!(marks, ["你好"]);
    }

    #[test]
    fn long_texts_are_cut_around_the_match() {
        let text = format!("{}needle{}", "hay ".repeat(500), " straw".repeat(500));
        let (out, marks) = marked(&text, "needle");
        assert!(out.starts_with('…') && out.ends_with('…'), "{out}");
        assert!(out.chars().count() <= LENGTH + 2);
        assert_eq!(marks, ["needle"]);
        let (out, marks) = marked(&text, "absent");
        assert!(out.starts_with("hay"));
        assert!(marks.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn never_cuts_a_character(text in "\\PC{0,400}", query in "\\PC{0,20}") {
            let (out, marks) = excerpt(&text, &Query::parse(&query));
            let mut last = 0;
            for (from, to) in marks {
                proptest::prop_assert!(from >= last && to > from);
                proptest::prop_assert!(out.get(from..to).is_some());
                last = to;
            }
        }
    }
}
