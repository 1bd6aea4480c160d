//! What editors still have of a project, in words.

use super::time::count;
use super::{state, text};
use crate::commands::recover::extract::found::{Answer, Extracted, Part};
use chasm_editors::Standing;
use chasm_editors::project::Looked;
use std::path::Path;

/// Places of damage that are told one by one.
const PLACES: usize = 5;

/// One session.
pub fn line(session: &Extracted) -> String {
    let title = session.title.as_deref().map_or_else(|| String::from("(no title)"), text::one_line);
    let hidden = if session.shown == Some(false) { "; the editor does not show it any more" } else { "" };
    let mut out = format!(
        "{} {}\n  {}, {}{hidden} · {}\n",
        sign(session),
        state::paint(state::BOLD, &title),
        session.editor_name,
        standing(session.standing),
        state::paint(state::DIM, &text::clean(&session.session_id)),
    );
    let mut held =
        format!("{}, {}", count(session.messages, "message"), count(session.tool_calls, "tool call"));
    if let (Some(new), Some(there)) = (session.new, session.already_there) {
        held.push_str(&format!(": {}, {there} already there", count(new, "new event")));
    }
    out.push_str(&format!("  {held}\n"));
    session.parts.iter().for_each(|one| out.push_str(&part(one)));
    for refusal in &session.refusals {
        out.push_str(&format!("  {} refused: {}\n", state::paint(state::RED, "▲"), text::one_line(refusal)));
    }
    for file in &session.files {
        out.push_str(&format!("  → {}\n", shown(file)));
    }
    out
}

/// One of its files, and what is wrong with it.
fn part(part: &Part) -> String {
    let mut out = format!("  {}\n", state::paint(state::DIM, &shown(&part.path)));
    let mut warn = |what: String| {
        out.push_str(&format!("    {} {}\n", state::paint(state::YELLOW, "▲"), text::one_line(&what)));
    };
    for bad in part.bad_places.iter().take(PLACES) {
        let line = if bad.line > 0 { format!("line {}, ", bad.line) } else { String::new() };
        warn(format!("{line}byte {}: {}", bad.offset, bad.why));
    }
    let more = part.bad_places.len().saturating_sub(PLACES) as u64 + part.more_bad_places;
    if more > 0 {
        warn(format!("and {more} more such places"));
    }
    part.missing.iter().for_each(|missing| warn(format!("missing: {missing}")));
    part.error.iter().for_each(|error| warn(format!("not read: {error}")));
    out
}

/// What came of all of them.
pub fn total(answer: &Answer) -> String {
    let red = state::paint(state::RED, "▲");
    let unread = answer.unread.iter();
    let mut out: String =
        unread.map(|u| format!("{red} {}: {}\n", shown(&u.path), text::one_line(&u.why))).collect();
    out.push_str(&format!("{} ({})", count(answer.sessions.len() as u64, "session"), standings(answer)));
    let sum = |of: fn(&Extracted) -> Option<u64>| answer.sessions.iter().filter_map(of).reduce(|a, b| a + b);
    if let (Some(new), Some(there)) = (sum(|s| s.new), sum(|s| s.already_there)) {
        out.push_str(&format!(": {}, {there} already there", count(new, "new event")));
    }
    out.push('\n');
    if let Some(report) = &answer.report {
        out.push_str(&format!("What was read from where: {}\n", shown(report)));
    }
    if answer.unplaced > 0 {
        let them =
            if answer.unplaced == 1 { "says of no folder and was" } else { "say of no folder and were" };
        out.push_str(&format!("{} {them} left out.\n", count(answer.unplaced, "other session")));
    }
    if !answer.complete {
        out.push_str(&format!("{red} The search took too long and was ended: there may be more.\n"));
    }
    if answer.dry_run {
        out.push_str("Nothing was written or sent.\n");
    }
    out
}

/// How many of them stand how.
fn standings(answer: &Answer) -> String {
    let of = |standing| answer.sessions.iter().filter(|session| session.standing == standing).count();
    let kinds = [
        (Standing::Complete, "complete"),
        (Standing::Repaired, "repaired"),
        (Standing::Partial, "partial"),
        (Standing::PromptsOnly, "prompts only"),
        (Standing::Nothing, "without a message"),
    ];
    let told: Vec<String> = kinds
        .iter()
        .map(|(standing, word)| (of(*standing), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    told.join(", ")
}

/// Why there is nothing, and where was looked.
pub fn nothing(path: &Path, editors: &[&str], looked: &Looked) -> String {
    let places: Vec<String> = looked.places.iter().map(|place| shown(place)).collect();
    let places = match places.as_slice() {
        [] => format!("no folder of {} is there", editors.join(", ")),
        places => format!("looked in {}", places.join(", ")),
    };
    let unread = looked.unread.first().map(|(path, why)| format!("; cannot read {}: {why}", shown(path)));
    format!("no editor has a session of {}: {places}{}", shown(path), unread.unwrap_or_default())
}

fn sign(session: &Extracted) -> String {
    let failed = session.refused > 0 || session.parts.iter().any(|part| part.error.is_some());
    match session.standing {
        _ if failed => state::paint(state::RED, "▲"),
        Standing::Complete | Standing::Repaired => state::paint(state::GREEN, "✓"),
        Standing::Partial | Standing::PromptsOnly => state::paint(state::YELLOW, "◐"),
        Standing::Nothing => state::paint(state::DIM, "–"),
    }
}

const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Complete => "complete",
        Standing::Repaired => "damaged, and all of it could be read",
        Standing::Partial => "partial: something is missing",
        Standing::PromptsOnly => "only what was asked is left",
        Standing::Nothing => "no message in it",
    }
}

fn shown(path: &Path) -> String {
    text::clean(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::recover::extract::found::Unread;
    use crate::show::samples;
    use chasm_editors::BadPlace;

    fn session(title: &str, standing: Standing) -> Extracted {
        let bad = BadPlace { file: None, line: 12, offset: 3400, bytes_lost: 5, why: "5 NUL bytes".into() };
        let whole = standing == Standing::Complete;
        let part = Part {
            path: "/home/ada/.claude/projects/-p/50a7220d.jsonl".into(),
            standing,
            missing: if whole { vec![] } else { vec!["the last answer was never written".into()] },
            bad_places: if whole { vec![] } else { vec![bad; 7] },
            more_bad_places: 0,
            error: None,
        };
        Extracted {
            editor: "claude-code",
            editor_name: "Claude Code",
            session_id: "50a7220d".into(),
            title: Some(title.into()),
            workspace: Some("/p".into()),
            shown: Some(whole),
            standing,
            messages: 84,
            tool_calls: 1,
            new: whole.then_some(212),
            already_there: whole.then_some(0),
            refused: 0,
            refusals: vec![],
            files: if whole { vec![] } else { vec!["out/Why-50a7220d.md".into()] },
            parts: vec![part],
        }
    }

    #[test]
    fn what_was_found_and_what_came_of_it() {
        let sessions = vec![session("Fix it", Standing::Complete), session("Why\u{7}", Standing::Partial)];
        let lines: String = sessions.iter().map(line).collect();
        let answer = Answer {
            path: "/p".into(),
            dry_run: true,
            searched: vec![],
            complete: false,
            sessions,
            unplaced: 2,
            unread: vec![Unread { path: "/p/x.jsonl".into(), why: "the file is empty".into() }],
            report: Some("out/report.json".into()),
        };
        let mut looked = Looked { places: vec!["/home/ada/.claude/projects".into()], ..Looked::default() };
        let none = nothing(Path::new("/p"), &["Claude Code"], &looked);
        looked.places.clear();
        let nowhere = nothing(Path::new("/p"), &["Claude Code"], &looked);
        let all = format!("{lines}{}{none}\n{nowhere}", total(&answer));
        insta::assert_snapshot!(samples::plain(&all));
    }
}
