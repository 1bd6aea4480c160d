//! What the tray shows at a glance, and the words for it.
//!
//! Owns the step from the recorder's status to icon and sentence; pure, so that each state is a line of a table. Never asks
//! anyone. Invariant: «recording» comes from what was written, never from a process that runs.

use crate::wire::Icon;
use chasm_protocol::status::{Health, Status};
use chasm_protocol::{State, Timestamp};
use chasm_server::TakenPort;
use jiff::tz::TimeZone;

/// Characters of a title or a client's name.
const TITLE_CHARS: usize = 48;

/// Everything that tray and menu depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Glance {
    pub now: Timestamp,
    pub zone: TimeZone,
    pub health: Health,
    /// What is wrong and what to do, where nothing is recorded.
    pub problem: Option<String>,
    pub paused_until: Option<Timestamp>,
    pub live_sessions: u64,
    pub interrupted: u64,
    /// Damage was found at the start and nobody has looked at it yet.
    pub damage: bool,
    pub last_write: Option<Timestamp>,
    pub proof: Proof,
    pub clients: Vec<Client>,
    pub recent: Vec<Recent>,
    /// `http://127.0.0.1:8787`
    pub address: String,
    /// The port that was wanted, and who has it.
    pub taken: Option<TakenPort>,
    pub starts_at_login: bool,
}

/// What the last attempt to write the real way showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proof {
    /// There was none yet.
    #[default]
    Unknown,
    Written,
    Failed(String),
}

/// A client and what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub name: Option<String>,
    pub sessions: u64,
}

/// A session of the list «Recent».
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    pub id: String,
    pub title: Option<String>,
    pub state: State,
}

impl Glance {
    /// What the status says; lists, address and flags are put in by the caller.
    pub fn of(status: &Status, now: Timestamp, zone: TimeZone) -> Self {
        let client = |c: &chasm_protocol::status::ConnectionStatus| Client {
            name: c.client.clone(),
            sessions: c.sessions.len() as u64,
        };
        let start = status.last_recovery.as_ref();
        Self {
            now,
            zone,
            health: status.status,
            problem: status.problem.clone(),
            paused_until: status.paused_until,
            live_sessions: status.active_sessions,
            interrupted: status.interrupted_sessions,
            damage: start.is_some_and(|start| !start.database_ok || !start.damage.is_empty()),
            last_write: status.last_durable_write,
            proof: Proof::Unknown,
            clients: status.connections.iter().map(client).collect(),
            recent: Vec::new(),
            address: String::new(),
            taken: None,
            starts_at_login: false,
        }
    }

    /// Why nothing is recorded, where that is so.
    fn trouble(&self) -> Option<&str> {
        match (self.health, &self.proof) {
            (Health::Degraded, _) => Some(self.problem.as_deref().unwrap_or("something cannot be written")),
            // a pause refuses the attempt too
            (Health::Paused, _) => None,
            (Health::Recording, Proof::Failed(why)) => Some(why),
            (Health::Recording, _) => None,
        }
    }

    /// A client that carries a session: to end now would cut it off.
    pub fn has_live_client(&self) -> bool {
        self.clients.iter().any(|client| client.sessions > 0)
    }
}

/// The state of the icon; the gravest one wins.
pub fn icon(glance: &Glance) -> Icon {
    if glance.trouble().is_some() {
        return Icon::Error;
    }
    if glance.health == Health::Paused {
        return Icon::Paused;
    }
    if glance.interrupted > 0 || glance.damage {
        return Icon::Attention;
    }
    let written = glance.last_write.is_some() || glance.proof == Proof::Written;
    if glance.live_sessions > 0 && written { Icon::Recording } else { Icon::Idle }
}

/// The state in one line: the menu's first, and the tooltip's beginning.
pub fn state_line(glance: &Glance) -> String {
    if let Some(why) = glance.trouble() {
        return format!("Not recording — {}", cut(why, 160));
    }
    let live = count(glance.live_sessions, "live session");
    match (icon(glance), glance.paused_until) {
        (Icon::Paused, Some(until)) => format!("Paused until {} · {live}", clock(until, glance)),
        (Icon::Paused, None) => format!("Paused until resumed · {live}"),
        (Icon::Attention, _) if glance.interrupted > 0 => {
            let what = if glance.interrupted == 1 { "session was" } else { "sessions were" };
            format!("{} · {} {what} interrupted", recording(glance), glance.interrupted)
        }
        (Icon::Attention, _) => format!("{} · damage was found", recording(glance)),
        _ => recording(glance),
    }
}

fn recording(glance: &Glance) -> String {
    if glance.live_sessions == 0 {
        return String::from("Idle · no live session");
    }
    let live = format!("Recording · {}", count(glance.live_sessions, "live session"));
    match glance.clients.len() as u64 {
        0 => live,
        n => format!("{live} · {}", count(n, "client")),
    }
}

/// State, live sessions, last durable write. It changes once a minute at most for the time alone.
pub fn tooltip(glance: &Glance) -> String {
    let written = match glance.last_write {
        Some(at) => format!("last write {}", clock(at, glance)),
        None => String::from("nothing written yet"),
    };
    format!("{} · {written}", state_line(glance))
}

/// Where it listens, where that is not where it was told to.
pub fn port_line(glance: &Glance) -> Option<String> {
    let taken = glance.taken.as_ref()?;
    let port = glance.address.rsplit(':').next().unwrap_or_default();
    let holder =
        taken.holder.name.as_deref().map_or_else(|| String::from("another program"), |n| cut(n, TITLE_CHARS));
    Some(format!("Listening on {port} ({} is taken by {holder})", taken.port))
}

/// `1 client`, `2 clients`
pub fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A text that others wrote, on one line: nothing in it turns the direction of writing or breaks the line.
pub fn title(text: &str) -> String {
    cut(text, TITLE_CHARS)
}

fn cut(text: &str, most: usize) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let line: String = words.join(" ").chars().filter(|c| !turns(*c)).collect();
    if line.chars().count() <= most {
        return line;
    }
    let head: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}

fn clock(at: Timestamp, glance: &Glance) -> String {
    let local = |t: Timestamp| {
        jiff::Timestamp::from_microsecond(t.as_micros()).unwrap_or_default().to_zoned(glance.zone.clone())
    };
    let (at, now) = (local(at), local(glance.now));
    at.strftime(if at.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use chasm_server::Holder;

    pub(crate) fn glance() -> Glance {
        Glance {
            now: Timestamp::parse("2026-02-03T15:00:00Z").unwrap(),
            zone: TimeZone::UTC,
            health: Health::Recording,
            problem: None,
            paused_until: None,
            live_sessions: 0,
            interrupted: 0,
            damage: false,
            last_write: None,
            proof: Proof::Unknown,
            clients: Vec::new(),
            recent: Vec::new(),
            address: "http://127.0.0.1:8787".into(),
            taken: None,
            starts_at_login: false,
        }
    }

    fn at(time: &str) -> Option<Timestamp> {
        Some(Timestamp::parse(&format!("2026-02-03T{time}Z")).unwrap())
    }

    #[test]
    fn each_state_has_its_icon_and_its_words() {
        let live = Glance {
            live_sessions: 2,
            last_write: at("14:58:01"),
            proof: Proof::Written,
            clients: vec![Client { name: None, sessions: 2 }],
            ..glance()
        };
        let table: Vec<(Glance, Icon, &str)> = vec![
            (glance(), Icon::Idle, "Idle · no live session · nothing written yet"),
            (
                Glance { live_sessions: 1, ..glance() },
                Icon::Idle,
                "Recording · 1 live session · nothing written yet",
            ),
            (live.clone(), Icon::Recording, "Recording · 2 live sessions · 1 client · last write 14:58"),
            (
                Glance { interrupted: 1, ..live.clone() },
                Icon::Attention,
                "Recording · 2 live sessions · 1 client · 1 session was interrupted · last write 14:58",
            ),
            (
                Glance { damage: true, ..glance() },
                Icon::Attention,
                "Idle · no live session · damage was found · nothing written yet",
            ),
            (
                Glance {
                    health: Health::Paused,
                    paused_until: at("15:15:00"),
                    interrupted: 1,
                    ..live.clone()
                },
                Icon::Paused,
                "Paused until 15:15 · 2 live sessions · last write 14:58",
            ),
            (
                Glance { health: Health::Paused, proof: Proof::Failed("paused".into()), ..glance() },
                Icon::Paused,
                "Paused until resumed · 0 live sessions · nothing written yet",
            ),
            (
                Glance {
                    health: Health::Degraded,
                    problem: Some("disk full since 14:02".into()),
                    ..live.clone()
                },
                Icon::Error,
                "Not recording — disk full since 14:02 · last write 14:58",
            ),
            (
                Glance { proof: Proof::Failed("the recorder does not answer".into()), ..live },
                Icon::Error,
                "Not recording — the recorder does not answer · last write 14:58",
            ),
        ];
        for (glance, shown, words) in table {
            assert_eq!((icon(&glance), tooltip(&glance).as_str()), (shown, words));
        }
    }

    #[test]
    fn a_live_session_without_any_write_is_not_called_recording() {
        let glance = Glance { live_sessions: 1, ..glance() };
        assert_eq!(icon(&glance), Icon::Idle);
        assert_eq!(icon(&Glance { proof: Proof::Written, ..glance }), Icon::Recording);
    }

    #[test]
    fn another_port_is_said_with_who_has_the_wanted_one() {
        let holder = Holder { pid: Some(7), name: Some("nginx".into()), is_recorder: false };
        let taken = TakenPort { port: 8787, holder: holder.clone() };
        let glance = Glance { address: "http://127.0.0.1:8788".into(), taken: Some(taken), ..glance() };
        assert_eq!(port_line(&glance).unwrap(), "Listening on 8788 (8787 is taken by nginx)");
        let taken = TakenPort { port: 8787, holder: Holder { name: None, ..holder } };
        let glance = Glance { taken: Some(taken), ..glance };
        assert_eq!(port_line(&glance).unwrap(), "Listening on 8788 (8787 is taken by another program)");
    }

    #[test]
    fn what_others_wrote_stays_on_one_line_and_in_its_direction() {
        assert_eq!(title("a\n\tb\u{202e}c\u{0}d"), "a bc d");
        let long = title(&"x".repeat(100));
        assert_eq!((long.chars().count(), long.ends_with('…')), (TITLE_CHARS, true));
    }
}
