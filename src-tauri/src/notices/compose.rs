//! A note as a notification of the desktop.
//!
//! Never shows one. Invariant: a critical note has no end of its own, and every note can be clicked.

use super::note::{Note, Urgency};
use notify_rust::{Notification, Timeout};

/// The name that people see, and the one that icon and desktop entry are installed under.
const APP: &str = "Chasm Recorder";
const NAME: &str = "chasm-recorder";
/// What services send when the notification itself is clicked.
pub const CLICK: &str = "default";
/// The button beside it.
pub const BUTTON: &str = "open";
/// The button that lets a web page record.
pub const ALLOW: &str = "allow";

/// notify-rust panics where it cannot read the program's own name. That is not so on any system that it was meant for.
pub fn is_possible() -> bool {
    std::env::current_exe().is_ok_and(|path| path.file_name().is_some_and(|name| name.to_str().is_some()))
}

pub fn compose(note: &Note) -> Notification {
    let mut shown = Notification::new();
    shown.appname(APP).summary(&note.title).body(&note.body).icon(NAME);
    let label = match note.link.as_str() {
        "/recovery" => "Review",
        "/status" => "Show status",
        _ => "Open",
    };
    shown.action(CLICK, label);
    if note.allow.is_some() {
        shown.action(ALLOW, "Allow");
    }
    shown.action(BUTTON, label);
    let critical = note.urgency == Urgency::Critical;
    shown.timeout(if critical { Timeout::Never } else { Timeout::Default });
    #[cfg(not(target_os = "macos"))]
    shown.urgency(if critical { notify_rust::Urgency::Critical } else { notify_rust::Urgency::Normal });
    #[cfg(all(unix, not(target_os = "macos")))]
    shown.hint(notify_rust::Hint::DesktopEntry(String::from(NAME)));
    shown
}
