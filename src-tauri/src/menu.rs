//! The tray's menu, as a pure function of what there is to show.
//!
//! Never draws and never acts: [`Choice`] says what an entry means. Invariant: every id of a menu can be read back, and none is
//! there twice.

use crate::glance::{self, Client, Glance, Recent};
use crate::link;
use crate::notices;
use crate::wire::{Entry, Kind};
use chasm_protocol::State;
use chasm_protocol::status::Health;

/// Clients that are named one by one.
const CLIENTS: usize = 6;

/// What a click means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The window, at this path of the UI; an empty path leaves it where it is.
    Open(String),
    /// Minutes; `None`: until it is resumed.
    Pause(Option<u32>),
    Resume,
    StartAtLogin,
    CopyAddress,
    OpenInBrowser,
    DataFolder,
    Logs,
    About,
    Quit,
}

/// The whole menu.
pub fn menu(glance: &Glance) -> Vec<Entry> {
    let mut entries = vec![says("state", glance::state_line(glance))];
    entries.extend(glance::port_line(glance).map(|line| says("port", line)));
    entries.extend(clients(&glance.clients));
    entries.push(separator(1));
    entries.push(item("open", "Open"));
    entries.push(submenu("recent", "Recent sessions", recent(&glance.recent)));
    entries.push(recover(glance.interrupted));
    entries.push(separator(2));
    entries.push(match glance.health {
        Health::Paused => item("resume", "Resume"),
        _ => submenu("pause-menu", "Pause recording", pauses()),
    });
    entries.push(separator(3));
    entries.push(check("login", "Start at login", glance.starts_at_login));
    entries.push(item("copy-address", "Copy server address"));
    entries.push(item("browser", "Open in browser"));
    entries.push(item("folder", "Data folder"));
    entries.push(item("logs", "Logs"));
    entries.push(separator(4));
    entries.push(item("about", "About"));
    entries.push(item("quit", "Quit"));
    entries
}

/// What the entry of this id means; `None` for one that only says something.
pub fn choice(id: &str) -> Option<Choice> {
    Some(match id {
        "open" => Choice::Open(String::new()),
        "recover" => Choice::Open(String::from("/recovery")),
        "resume" => Choice::Resume,
        "pause" => Choice::Pause(None),
        "pause-15" => Choice::Pause(Some(15)),
        "pause-60" => Choice::Pause(Some(60)),
        "login" => Choice::StartAtLogin,
        "copy-address" => Choice::CopyAddress,
        "browser" => Choice::OpenInBrowser,
        "folder" => Choice::DataFolder,
        "logs" => Choice::Logs,
        "about" => Choice::About,
        "quit" => Choice::Quit,
        _ => Choice::Open(link::session(id.strip_prefix("session:")?)),
    })
}

fn clients(clients: &[Client]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = clients
        .iter()
        .take(CLIENTS)
        .enumerate()
        .map(|(at, client)| {
            let name = notices::client_name(client.name.as_deref());
            says(&format!("client-{at}"), format!("{name} · {}", glance::count(client.sessions, "session")))
        })
        .collect();
    if let Some(more) = clients.len().checked_sub(CLIENTS).filter(|more| *more > 0) {
        entries.push(says("client-more", format!("and {more} more")));
    }
    entries
}

fn recent(sessions: &[Recent]) -> Vec<Entry> {
    if sessions.is_empty() {
        return vec![says("recent-none", String::from("No session yet"))];
    }
    let entry = |session: &Recent| {
        let title = session.title.as_deref().map(glance::title).filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| glance::title(&session.id));
        item(&format!("session:{}", session.id), &format!("{} {title}", shape(session.state)))
    };
    sessions.iter().map(entry).collect()
}

/// The same shapes as everywhere.
const fn shape(state: State) -> char {
    match state {
        State::Recording => '●',
        State::Completed => '✓',
        State::Interrupted => '◐',
        State::Recovered => '↺',
    }
}

fn recover(interrupted: u64) -> Entry {
    let label = match interrupted {
        0 => String::from("Recover interrupted…"),
        n => format!("Recover interrupted… ({n})"),
    };
    Entry { enabled: interrupted > 0, ..item("recover", &label) }
}

fn pauses() -> Vec<Entry> {
    vec![item("pause-15", "15 minutes"), item("pause-60", "1 hour"), item("pause", "Until resumed")]
}

fn item(id: &str, label: &str) -> Entry {
    Entry { id: id.to_owned(), label: label.to_owned(), enabled: true, kind: Kind::Item }
}

/// An entry that only says something.
fn says(id: &str, label: String) -> Entry {
    Entry { id: id.to_owned(), label, enabled: false, kind: Kind::Item }
}

fn check(id: &str, label: &str, checked: bool) -> Entry {
    Entry { kind: Kind::Check(checked), ..item(id, label) }
}

fn separator(number: u8) -> Entry {
    Entry { kind: Kind::Separator, ..item(&format!("separator-{number}"), "") }
}

fn submenu(id: &str, label: &str, entries: Vec<Entry>) -> Entry {
    Entry { kind: Kind::Submenu(entries), ..item(id, label) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glance::tests::glance;
    use std::collections::BTreeSet;

    /// One line an entry, as a person sees it.
    fn drawn(entries: &[Entry], depth: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for entry in entries {
            let sign = match &entry.kind {
                Kind::Separator => "---",
                Kind::Check(true) => "[x] ",
                Kind::Check(false) => "[ ] ",
                Kind::Submenu(_) => "> ",
                Kind::Item => "",
            };
            let off = if entry.enabled { "" } else { " (off)" };
            lines.push(format!("{}{sign}{}{off}", "  ".repeat(depth), entry.label));
            if let Kind::Submenu(inner) = &entry.kind {
                lines.extend(drawn(inner, depth + 1));
            }
        }
        lines
    }

    fn ids(entries: &[Entry], found: &mut Vec<String>) {
        for entry in entries {
            found.push(entry.id.clone());
            if let Kind::Submenu(inner) = &entry.kind {
                ids(inner, found);
            }
        }
    }

    fn full() -> Glance {
        let recent = |id: &str, title: Option<&str>, state| Recent {
            id: id.into(),
            title: title.map(str::to_owned),
            state,
        };
        Glance {
            live_sessions: 3,
            interrupted: 2,
            clients: vec![
                Client { name: Some("vscode/1.99".into()), sessions: 2 },
                Client { name: None, sessions: 1 },
            ],
            recent: vec![
                recent("a/b", Some("Fix flaky websocket test"), State::Recording),
                recent("c", None, State::Interrupted),
            ],
            starts_at_login: true,
            ..glance()
        }
    }

    #[test]
    fn an_idle_recorder() {
        assert_eq!(
            drawn(&menu(&glance()), 0),
            [
                "Idle · no live session (off)",
                "---",
                "Open",
                "> Recent sessions",
                "  No session yet (off)",
                "Recover interrupted… (off)",
                "---",
                "> Pause recording",
                "  15 minutes",
                "  1 hour",
                "  Until resumed",
                "---",
                "[ ] Start at login",
                "Copy server address",
                "Open in browser",
                "Data folder",
                "Logs",
                "---",
                "About",
                "Quit",
            ]
        );
    }

    #[test]
    fn clients_sessions_and_interruptions() {
        let lines = drawn(&menu(&full()), 0);
        assert_eq!(lines[1..3], ["VS Code · 2 sessions (off)", "A client · 1 session (off)"]);
        for line in
            ["  ● Fix flaky websocket test", "  ◐ c", "Recover interrupted… (2)", "[x] Start at login"]
        {
            assert!(lines.iter().any(|l| l == line), "{line} is not in {lines:#?}");
        }
    }

    #[test]
    fn a_paused_recorder_offers_to_go_on() {
        let lines = drawn(&menu(&Glance { health: Health::Paused, ..glance() }), 0);
        assert!(lines.contains(&"Resume".to_owned()) && !lines.contains(&"> Pause recording".to_owned()));
    }

    #[test]
    fn many_clients_are_counted() {
        let clients = vec![Client { name: Some("x".into()), sessions: 1 }; CLIENTS + 3];
        let lines = drawn(&menu(&Glance { clients, ..glance() }), 0);
        assert_eq!(lines[CLIENTS + 1], "and 3 more (off)", "{lines:#?}");
    }

    #[test]
    fn every_id_is_there_once_and_means_something_where_it_can_be_clicked() {
        for glance in [glance(), full(), Glance { health: Health::Paused, ..full() }] {
            let entries = menu(&glance);
            let mut all = Vec::new();
            ids(&entries, &mut all);
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
            check_choices(&entries);
        }
    }

    fn check_choices(entries: &[Entry]) {
        for entry in entries {
            match &entry.kind {
                Kind::Submenu(inner) => check_choices(inner),
                Kind::Separator => {}
                Kind::Item | Kind::Check(_) if entry.enabled => {
                    assert!(choice(&entry.id).is_some(), "{}", entry.id);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_session_opens_at_its_own_path() {
        assert_eq!(choice("session:a/b"), Some(Choice::Open("/session/a%2Fb".into())));
        assert_eq!(choice("session"), None);
        assert_eq!(choice("state"), None);
    }
}
