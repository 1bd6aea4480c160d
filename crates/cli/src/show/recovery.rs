//! What is interrupted, what is at hand, and what a recovery did.

use super::time::{ago, count};
use super::{View, list, state, text};
use chasm_protocol::State;
use chasm_protocol::api::{RecoveredSession, RecoveryCandidate, RecoveryOverview, RecoveryReport};
use chasm_protocol::session::InterruptionReason;

pub fn overview(overview: &RecoveryOverview, view: &View) -> String {
    let mut out = String::new();
    if overview.interrupted.is_empty() {
        out.push_str("Nothing is interrupted.\n");
    }
    for candidate in &overview.interrupted {
        out.push_str(&self::candidate(candidate, view));
    }
    if !overview.interrupted.is_empty() {
        out.push_str("\n`chasm recover run` recovers all of them, `chasm recover run ID` one.\n");
    }
    for damage in &overview.quarantine {
        let kept = damage.quarantined_as.as_deref().unwrap_or_default();
        let sign = state::paint(state::RED, "▲");
        out.push_str(&format!(
            "{sign} set aside: {} {}\n",
            text::one_line(&damage.what),
            text::one_line(kept)
        ));
    }
    out
}

/// What a recovery did.
pub fn report(report: &RecoveryReport) -> String {
    let mut out = String::new();
    for session in &report.recovered {
        out.push_str(&recovered(session));
    }
    for skipped in &report.skipped {
        out.push_str(&format!(
            "– {}: {}\n",
            text::clean(&skipped.session_id),
            text::one_line(&skipped.reason)
        ));
    }
    if report.recovered.is_empty() && report.skipped.is_empty() {
        out.push_str("Nothing was interrupted, nothing to recover.\n");
    }
    out
}

/// Why a session stopped, in words.
pub fn reason(reason: InterruptionReason) -> &'static str {
    match reason {
        InterruptionReason::Disconnect => "its client dropped",
        InterruptionReason::ServerCrash => "the recorder ended without a clean stop",
        InterruptionReason::ServerStop => "the recorder was stopped",
        InterruptionReason::Timeout => "nothing came for half an hour",
    }
}

/// `event 3`, `events 3–5, 8`
pub fn events(missing: &[(u64, u64)]) -> String {
    let noun = if matches!(missing, [(from, to)] if from == to) { "event" } else { "events" };
    format!("{noun} {}", holes(missing))
}

/// `3–5, 9`
fn holes(missing: &[(u64, u64)]) -> String {
    let hole = |(from, to): &(u64, u64)| if from == to { from.to_string() } else { format!("{from}–{to}") };
    missing.iter().map(hole).collect::<Vec<_>>().join(", ")
}

fn candidate(candidate: &RecoveryCandidate, view: &View) -> String {
    let session = &candidate.session;
    let sign = state::of(State::Interrupted);
    let since = candidate.interruption.as_ref().map_or(session.last_event_at, |i| i.since);
    let why = candidate.interruption.as_ref().map_or("interrupted", |i| reason(i.reason));
    let mut hand = vec![count(session.messages, "message")];
    if candidate.only_in_snapshots > 0 {
        hand.push(format!(
            "{} more in {}",
            candidate.only_in_snapshots,
            count(candidate.snapshots, "snapshot")
        ));
    }
    let more = [
        (candidate.added, "more to be added from the editor's files"),
        (candidate.completed, "to be completed from them"),
    ];
    hand.extend(more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    if candidate.partial_messages > 0 {
        hand.push(format!("{} cut off", count(candidate.partial_messages, "answer")));
    }
    if candidate.open_tool_calls > 0 {
        hand.push(format!("{} without a result", count(candidate.open_tool_calls, "tool call")));
    }
    if !candidate.missing.is_empty() {
        hand.push(format!("{} missing", events(&candidate.missing)));
    }
    format!(
        "{} {}\n  {}, {} · {}\n  {}\n",
        sign.shape(),
        state::paint(state::BOLD, &list::title(session)),
        why,
        ago(since, view.now, &view.zone),
        hand.join(", "),
        state::paint(state::DIM, &text::clean(&session.session_id)),
    )
}

fn recovered(session: &RecoveredSession) -> String {
    let recovery = &session.recovery;
    let mut from = vec![format!("{} from events", recovery.from_events)];
    let more = [
        (recovery.from_snapshots, "from snapshots"),
        (recovery.from_editor_files, "from the editor's files"),
        (recovery.completed, "completed by another source"),
    ];
    from.extend(more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    let mut lacks = Vec::new();
    if recovery.partial > 0 {
        lacks.push(format!("{} stay cut off", count(recovery.partial, "answer")));
    }
    if recovery.open_tool_calls > 0 {
        lacks.push(format!("{} never got a result", count(recovery.open_tool_calls, "tool call")));
    }
    if !recovery.missing.is_empty() {
        let missing = events(&recovery.missing);
        let stay = if missing.starts_with("events") { "stay" } else { "stays" };
        lacks.push(format!("{missing} {stay} missing"));
    }
    let lacks = if lacks.is_empty() { String::from("nothing missing") } else { lacks.join(", ") };
    let sign = state::of(State::Recovered);
    format!(
        "{} {}\n  {}: {}; {lacks}\n",
        sign.shape(),
        text::clean(&session.session_id),
        count(session.messages, "message"),
        from.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples;

    #[test]
    fn one_hole_is_one_event() {
        assert_eq!(events(&[(3, 3)]), "event 3");
        assert_eq!(events(&[(3, 5), (8, 8)]), "events 3–5, 8");
    }

    #[test]
    fn what_is_at_hand_and_what_came_of_it() {
        let text = overview(&samples::overview(), &samples::view(None));
        insta::assert_snapshot!("overview", samples::plain(&text));
        insta::assert_snapshot!("report", samples::plain(&report(&samples::recovery_report())));
    }
}
