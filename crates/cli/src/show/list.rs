//! The list of sessions as a table.

use super::{View, state, text, time};
use chasm_protocol::api::SessionPage;
use chasm_protocol::session::SessionSummary;

/// Fewest columns that a title gets on a terminal.
const TITLE_MIN: usize = 16;
/// Most columns that a title gets anywhere: one long title would push all ids out of sight.
const TITLE_MAX: usize = 72;

/// The table, and a line on what is not in it. `filtered`: the list was narrowed by flags.
pub fn render(page: &SessionPage, filtered: bool, view: &View) -> String {
    if page.sessions.is_empty() {
        return if filtered {
            String::from("No session matches. `chasm sessions list` shows all of them.\n")
        } else {
            String::from(
                "No sessions yet. `chasm import ~/.claude/projects` takes in what Claude Code has.\n",
            )
        };
    }
    let rows: Vec<Row> = page.sessions.iter().map(|session| Row::of(session, view)).collect();
    let widest = |cell: fn(&Row) -> &str| rows.iter().map(|row| text::columns(cell(row))).max().unwrap_or(0);
    let (last, count, editor, id) = (
        widest(|r| &r.last).max(4),
        widest(|r| &r.messages).max(4),
        widest(|r| &r.editor),
        widest(|r| &r.id),
    );
    let fixed = 13 + last + count + editor + id + 2 * 5;
    let room = view.width.map_or(TITLE_MAX, |width| width.saturating_sub(fixed).max(TITLE_MIN));
    let title = room.min(TITLE_MAX).min(widest(|r| &r.title));
    let mut out = heading(last, count, editor, title);
    for row in &rows {
        let cells = [
            text::pad(&row.state, 13),
            text::pad(&row.last, last),
            text::pad_left(&row.messages, count),
            text::pad(&row.editor, editor),
            text::pad(&text::fit(&row.title, title), title),
            row.id.clone(),
        ];
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    let shown = rows.len() as u64;
    if shown < page.total {
        out.push_str(&format!("\n{shown} of {} sessions; `--all` lists every one.\n", page.total));
    }
    out
}

struct Row {
    state: String,
    last: String,
    messages: String,
    editor: String,
    title: String,
    id: String,
}

impl Row {
    fn of(session: &SessionSummary, view: &View) -> Self {
        let star = if session.starred { "★ " } else { "" };
        let editor = session.editor.as_deref().or(session.provider.as_deref()).unwrap_or("–");
        Self {
            state: state::of(session.state).both(),
            last: time::ago(session.last_event_at, view.now, &view.zone),
            messages: session.messages.to_string(),
            editor: text::one_line(editor),
            title: format!("{star}{}", title(session)),
            id: text::clean(&session.session_id),
        }
    }
}

/// The title, else what the session begins with.
pub fn title(session: &SessionSummary) -> String {
    match (&session.title, &session.preview) {
        (Some(title), _) => text::one_line(title),
        (None, Some(preview)) => format!("«{}»", text::one_line(preview)),
        (None, None) => String::from("(no title)"),
    }
}

fn heading(last: usize, count: usize, editor: usize, title: usize) -> String {
    let cells = [
        text::pad("STATE", 13),
        text::pad("LAST", last),
        text::pad_left("MSGS", count),
        text::pad("FROM", editor),
        text::pad("TITLE", title),
        String::from("ID"),
    ];
    format!("{}\n", state::paint(state::DIM, &cells.join("  ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples;

    #[test]
    fn the_table_on_terminals_and_in_pipes() {
        let page = SessionPage { sessions: samples::sessions(), total: 40, next_cursor: Some("c".into()) };
        insta::assert_snapshot!("wide", samples::plain(&render(&page, false, &samples::view(None))));
        insta::assert_snapshot!("narrow", samples::plain(&render(&page, false, &samples::view(Some(100)))));
    }

    #[test]
    fn an_empty_list_says_how_to_go_on() {
        let page = SessionPage { sessions: vec![], total: 0, next_cursor: None };
        assert!(render(&page, true, &samples::view(None)).contains("matches"));
        assert!(render(&page, false, &samples::view(None)).contains("chasm import"));
    }
}
