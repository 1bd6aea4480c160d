//! The editors on this machine as a table.

use super::time::count;
use super::{View, state, text};
use chasm_protocol::api::EditorView;

/// Fewest columns that a folder gets on a terminal.
const FOLDER_MIN: usize = 16;

const HEADINGS: [&str; 5] = ["SESSIONS", "RECORDED", "HIDDEN", "EXPIRING", "FOLDER"];

/// The table; below it what is to be done, and what is not installed. `asked`: a recorder has told what it has.
pub fn render(editors: &[EditorView], asked: bool, view: &View) -> String {
    let (there, absent): (Vec<&EditorView>, Vec<&EditorView>) = editors.iter().partition(|e| e.found);
    let (off, absent): (Vec<&EditorView>, Vec<&EditorView>) = absent.into_iter().partition(|e| !e.enabled);
    let mut out = String::new();
    if there.is_empty() {
        out.push_str("No editor that is known keeps chats here.\n");
    } else {
        out.push_str(&table(&there, view));
        out.push_str(&remarks(&there, asked));
    }
    for (what, editors) in [("Switched off in the settings", off), ("Not installed", absent)] {
        if !editors.is_empty() {
            let names: Vec<&str> = editors.iter().map(|editor| editor.name.as_str()).collect();
            out.push_str(&state::paint(state::DIM, &format!("{what}: {}", names.join(", "))));
            out.push('\n');
        }
    }
    out
}

fn table(editors: &[&EditorView], view: &View) -> String {
    let name = editors.iter().map(|e| text::columns(&e.name)).max().unwrap_or(0).max(6);
    let fixed = name + HEADINGS.iter().take(4).map(|h| h.len() + 2).sum::<usize>() + 2;
    let room = view.width.map_or(usize::MAX, |width| width.saturating_sub(fixed).max(FOLDER_MIN));
    let mut head = vec![text::pad("EDITOR", name)];
    head.extend(HEADINGS.iter().map(|h| (*h).to_owned()));
    let mut out = format!("{}\n", state::paint(state::DIM, &head.join("  ")));
    for editor in editors {
        let mut cells = vec![text::pad(&text::one_line(&editor.name), name)];
        let numbers = [editor.sessions, editor.recorded, editor.hidden, editor.expiring];
        cells.extend(numbers.iter().zip(HEADINGS).map(|(n, heading)| {
            text::pad_left(&n.map_or_else(|| String::from("?"), |n| n.to_string()), heading.len())
        }));
        let folder = editor.path.as_deref().unwrap_or("–");
        cells.push(text::fit(&text::one_line(folder), room));
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// What the numbers mean for the one who reads them.
fn remarks(editors: &[&EditorView], asked: bool) -> String {
    let sum = |of: fn(&EditorView) -> Option<u64>| editors.iter().filter_map(|e| of(e)).sum::<u64>();
    let (hidden, expiring) = (sum(|e| e.hidden), sum(|e| e.expiring));
    let warn = state::paint(state::YELLOW, "▲");
    let mut out = String::from("\n");
    match hidden {
        0 => {}
        1 => out.push_str("1 session is on disk, though its editor does not show it any more.\n"),
        n => out.push_str(&format!(
            "{n} sessions are on disk, though their editors do not show them any more.\n"
        )),
    }
    if expiring > 0 {
        let (not, how) = if asked { (" not recorded", ": `chasm import` takes them in") } else { ("", "") };
        let n = count(expiring, "session");
        out.push_str(&format!("{warn} {n}{not} will be deleted by the editor within 7 days{how}.\n"));
    }
    let uncounted = editors.iter().any(|editor| editor.sessions.is_none());
    if uncounted {
        out.push_str("? – too many files to count, or a folder that cannot be read.\n");
    }
    if !asked {
        out.push_str("No recorder runs, so what is recorded is not known: `chasm serve` starts one.\n");
    } else if !uncounted
        && editors.iter().any(|e| e.recorded < e.sessions)
        && editors.iter().all(|e| !e.follow)
    {
        out.push_str("Their files are not followed: `editors.follow` in the settings turns it on.\n");
    }
    if out == "\n" { String::new() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples;
    use chasm_protocol::api::EditorWay;

    fn editor(id: &str, name: &str, found: bool, numbers: [Option<u64>; 4]) -> EditorView {
        let [sessions, recorded, hidden, expiring] = numbers;
        EditorView {
            id: id.into(),
            name: name.into(),
            found,
            path: Some(format!("/home/ada/.{id}")),
            sessions,
            recorded,
            enabled: true,
            follow: true,
            hidden,
            expiring,
            how: EditorWay::Import,
        }
    }

    #[test]
    fn what_is_there_and_what_is_not_safe() {
        let mut all = vec![
            editor("claude-code", "Claude Code", true, [Some(212), Some(180), Some(1), Some(3)]),
            editor("other", "Another", true, [None; 4]),
            editor("third", "Third", false, [None; 4]),
            editor("fourth", "Fourth", false, [None; 4]),
        ];
        let asked = render(&all, true, &samples::view(None));
        all.iter_mut().for_each(|editor| editor.recorded = None);
        let alone = render(&all, false, &samples::view(Some(60)));
        all.truncate(0);
        all.push(EditorView { enabled: false, ..editor("off", "Off", false, [None; 4]) });
        let none = render(&all, true, &samples::view(None));
        insta::assert_snapshot!(samples::plain(&[asked, alone, none].join("\n~~~\n")));
    }
}
