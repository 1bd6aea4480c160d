//! Hits of a search, the marked words in bold.

use super::{View, state, text, time};
use chasm_protocol::Role;
use chasm_protocol::api::{HitKind, SearchAnswer, SearchHit};

pub fn render(answer: &SearchAnswer, words: &str, view: &View) -> String {
    if answer.hits.is_empty() {
        return format!("Nothing has «{}». Fewer or shorter words find more.\n", text::one_line(words));
    }
    let mut out = String::new();
    let mut session = None;
    for hit in &answer.hits {
        if session != Some(&hit.session_id) {
            session = Some(&hit.session_id);
            out.push_str(&heading(hit));
        }
        out.push_str(&format!("  {}  {}\n", state::paint(state::DIM, &place(hit, view)), excerpt(hit)));
    }
    if answer.next_cursor.is_some() {
        out.push_str("\nThere are more hits; `--limit` shows more at once.\n");
    }
    out
}

fn heading(hit: &SearchHit) -> String {
    let title = hit.session_title.as_deref().map_or_else(|| String::from("(no title)"), text::one_line);
    let id = state::paint(state::DIM, &text::clean(&hit.session_id));
    format!("{} {}  {id}\n", state::of(hit.state).shape(), state::paint(state::BOLD, &title))
}

fn place(hit: &SearchHit, view: &View) -> String {
    let who = match (hit.kind, hit.role) {
        (HitKind::Title, _) => "title",
        (HitKind::ToolCall, _) => "tool",
        (HitKind::Message, Some(Role::User)) => "you",
        (HitKind::Message, Some(role)) => role.as_str(),
        (HitKind::Message, None) => "message",
    };
    let at = hit.timestamp.map(|at| time::ago(at, view.now, &view.zone)).unwrap_or_default();
    format!("{} {}", text::pad(who, 9), text::pad(&at, 10))
}

/// The excerpt on one line, its marks in bold. A mark that cuts a character is left out.
fn excerpt(hit: &SearchHit) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (from, to) in &hit.marks {
        let (Some(before), Some(marked)) = (hit.excerpt.get(at..*from), hit.excerpt.get(*from..*to)) else {
            continue;
        };
        out.push_str(&flat(before));
        out.push_str(&state::paint(state::BOLD, &flat(marked)));
        at = *to;
    }
    out.push_str(&flat(hit.excerpt.get(at..).unwrap_or_default()));
    out
}

fn flat(text: &str) -> String {
    text::clean(&text.replace(['\n', '\t', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples;

    #[test]
    fn hits_stand_under_their_sessions() {
        let answer = samples::hits();
        let text = render(&answer, "socket", &samples::view(None));
        assert!(text.contains(&state::paint(state::BOLD, "socket")));
        insta::assert_snapshot!(samples::plain(&text));
    }

    #[test]
    fn bad_marks_do_no_harm() {
        let mut answer = samples::hits();
        answer.hits[0].marks = vec![(0, 999), (7, 3), (1, 2)];
        answer.hits[0].excerpt = "é\u{1b}[31m".into();
        assert!(samples::plain(&render(&answer, "x", &samples::view(None))).contains("é␛[31m"));
    }
}
