//! The recorder's health in words: what is said first is whether it records.

use super::time::{ago, bytes, count, span};
use super::{View, state, text};
use chasm_protocol::status::{DesktopStatus, Health, Part, PartState, StartReport, Status};

pub fn render(status: &Status, url: &str, view: &View) -> String {
    let mut out = first_line(status, view);
    if status.interrupted_sessions > 0 {
        let sign = state::of(chasm_protocol::State::Interrupted);
        let what = match status.interrupted_sessions {
            1 => String::from("1 session was interrupted"),
            n => format!("{n} sessions were interrupted"),
        };
        out.push_str(&format!("{} {what}: `chasm recover list` shows what is at hand\n", sign.shape()));
    }
    out.push('\n');
    for (name, value) in rows(status, url) {
        out.push_str(&format!("{}{value}\n", state::paint(state::DIM, &text::pad(name, 12))));
    }
    if let Some(start) = &status.last_recovery {
        out.push_str(&last_start(start, view));
    }
    out
}

fn first_line(status: &Status, view: &View) -> String {
    let sign = state::of_health(status.status);
    let since = status.last_durable_write.map(|at| ago(at, view.now, &view.zone));
    let mut parts = vec![match status.status {
        Health::Paused => match status.paused_until {
            Some(until) => format!("Paused until {}", super::time::clock(until, view.now, &view.zone)),
            None => String::from("Paused until it is resumed"),
        },
        _ => sign.word.to_owned(),
    }];
    match (&status.problem, since) {
        (Some(problem), _) => parts.push(text::one_line(problem)),
        (None, Some(since)) => parts.push(format!("last write {since}")),
        (None, None) => parts.push(String::from("nothing written yet")),
    }
    parts.push(count(status.connections.len() as u64, "client"));
    parts.push(count(status.active_sessions, "live session"));
    format!("{} {}\n", sign.shape(), parts.join(" · "))
}

fn rows(status: &Status, url: &str) -> Vec<(&'static str, String)> {
    let journal = &status.journal;
    let mut rows = vec![
        ("recorder", format!("{} at {url}, up {}", status.version, span(status.uptime_secs))),
        ("sessions", format!("{}, {} events in this run", status.sessions, status.events_recorded)),
        ("buffer", format!("{}, {}", count(status.buffer.events, "event"), bytes(status.buffer.bytes))),
        ("journal", format!("{}, {}", count(journal.segments, "segment"), bytes(journal.bytes))),
        ("database", format!("{}, {}", bytes(status.database.bytes), text::one_line(&status.database.path))),
    ];
    if status.duplicates + status.rejected > 0 {
        rows.push(("also", format!("{} duplicates, {} refused", status.duplicates, status.rejected)));
    }
    rows.extend(status.disk_free_bytes.map(|free| ("disk", format!("{} free", bytes(free)))));
    for client in &status.connections {
        let name = client.client.as_deref().map_or_else(|| String::from("a client"), text::one_line);
        let sessions = count(client.sessions.len() as u64, "session");
        rows.push(("client", format!("{name}, {sessions}, {}", count(client.events, "event"))));
    }
    rows.extend(status.desktop.as_ref().map(|desktop| ("desktop", desktop_row(desktop))));
    rows
}

/// What is missing, in words; in one word where nothing is.
fn desktop_row(desktop: &DesktopStatus) -> String {
    let parts =
        [("tray", &desktop.tray), ("window", &desktop.window), ("notifications", &desktop.notifications)];
    if parts.iter().all(|(_, part)| part.state == PartState::Ok && part.detail.is_none()) {
        return String::from("tray, window and notifications work");
    }
    let said = parts.map(|(name, Part { state, detail })| {
        let word = match state {
            PartState::Ok => "ok",
            PartState::Off => "off",
            PartState::Missing => "missing",
        };
        let why = detail.as_deref().map(|detail| format!(" ({})", text::one_line(detail)));
        format!("{name} {word}{}", why.unwrap_or_default())
    });
    said.join(", ")
}

fn last_start(start: &StartReport, view: &View) -> String {
    let mut parts =
        vec![if start.clean_stop { "clean stop before" } else { "no clean stop before" }.to_owned()];
    if start.replayed_records > 0 {
        parts.push(format!("{} replayed from the journal", count(start.replayed_records, "record")));
    }
    if !start.interrupted.is_empty() {
        parts.push(format!("{} found unfinished", count(start.interrupted.len() as u64, "session")));
    }
    if start.torn_tail_bytes > 0 {
        parts.push(format!("torn end of {} cut", bytes(start.torn_tail_bytes)));
    }
    parts.extend(start.database_note.as_deref().map(text::one_line));
    let label = state::paint(state::DIM, &text::pad("last start", 12));
    let mut out = format!("{label}{}: {}\n", ago(start.at, view.now, &view.zone), parts.join(", "));
    for damage in &start.damage {
        let kept = damage.quarantined_as.as_deref().unwrap_or("not kept");
        let sign = state::paint(state::RED, "▲");
        out.push_str(&format!(
            "{sign} {}, {} set aside: {}\n",
            text::one_line(&damage.what),
            bytes(damage.bytes),
            text::one_line(kept)
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples;

    #[test]
    fn recording_and_not_recording() {
        let view = samples::view(None);
        let mut status = samples::status();
        insta::assert_snapshot!(
            "recording",
            samples::plain(&render(&status, "http://127.0.0.1:8787", &view))
        );
        status.status = Health::Degraded;
        status.problem = Some("disk full since 14:02: free 200 MB, it goes on by itself".into());
        let text = samples::plain(&render(&status, "http://127.0.0.1:8787", &view));
        assert!(text.starts_with("▲ Not recording · disk full since 14:02"), "{text}");
        status.status = Health::Paused;
        status.problem = None;
        let text = samples::plain(&render(&status, "u", &view));
        assert!(text.starts_with("‖ Paused until it is resumed"), "{text}");
    }

    #[test]
    fn what_of_the_desktop_is_missing_is_said() {
        let mut desktop = DesktopStatus { tray: Part::ok(), window: Part::ok(), notifications: Part::ok() };
        assert_eq!(desktop_row(&desktop), "tray, window and notifications work");
        desktop.tray = Part::missing("no program shows tray icons");
        desktop.window = Part::off("no display");
        assert_eq!(
            desktop_row(&desktop),
            "tray missing (no program shows tray icons), window off (no display), notifications ok"
        );
    }
}
