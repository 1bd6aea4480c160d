//! What `chasm service` says to people.
//!
//! Pure. Invariant: where something was not done, the last line is a command that does it.

use super::place::NAME;
use super::{Found, Installed, Removed};
use crate::show::state::{self, paint};

pub fn installed(done: &Installed) -> String {
    let mut out = line(true, &format!("written: {}", done.unit.display()));
    if done.enabled {
        out.push_str(&line(true, "it starts when you log in"));
    }
    if done.started {
        out.push_str(&line(true, &format!("it records into {}", done.data_dir.display())));
        out.push_str("It ends with your last session; `loginctl enable-linger` keeps it, from boot on.\n");
        return out;
    }
    let left = if done.enabled { "not started" } else { "neither started nor set to start at login" };
    out.push_str(&line(false, &format!("{left}: {}", done.why.as_deref().unwrap_or("no reason is known"))));
    if done.enabled {
        out.push_str(&format!("What it says: journalctl --user --unit {NAME}\n"));
        out.push_str(&format!("Then: systemctl --user start {NAME}\n"));
    } else {
        out.push_str(&format!("Where systemd runs for you: systemctl --user enable --now {NAME}\n"));
        out.push_str(&format!("Without it: {}\n", shell_words(&done.command)));
    }
    out
}

pub fn removed(done: &Removed) -> String {
    let mut out = String::new();
    match &done.why {
        None => out.push_str(&line(true, "stopped, and not started again at login")),
        Some(why) => out.push_str(&line(false, &format!("not stopped: {why}"))),
    }
    out.push_str(&line(true, &format!("removed: {}", done.unit.display())));
    out.push_str("What was recorded stays.\n");
    out
}

pub fn found(found: &Found) -> String {
    let mut out = line(true, &format!("there: {}", found.unit.display()));
    if let Some(command) = &found.command {
        out.push_str(&format!("  {command}\n"));
    }
    if !found.program_exists {
        out.push_str(&line(false, "its program is gone: `chasm service install` names this one"));
    }
    if let Some(why) = &found.why {
        out.push_str(&line(false, &format!("systemd does not answer: {why}")));
        return out;
    }
    let active = found.active.as_deref().unwrap_or("unknown");
    let pid = found.pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
    out.push_str(&line(active == "active", &format!("{active}{pid}")));
    let enabled = found.enabled.as_deref() == Some("enabled");
    out.push_str(&line(
        enabled,
        if enabled { "it starts when you log in" } else { "it does not start at login" },
    ));
    if active != "active" {
        out.push_str(&format!("Why: journalctl --user --unit {NAME}\n"));
    }
    out
}

fn line(good: bool, text: &str) -> String {
    let sign = if good { paint(state::GREEN, "✓") } else { paint(state::RED, "▲") };
    format!("{sign} {text}\n")
}

/// A command line for a shell.
fn shell_words(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    let quoted = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            return word.clone();
        }
        format!("'{}'", word.replace('\'', r"'\''"))
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples::plain;

    fn installation() -> Installed {
        Installed {
            unit: "/home/me/.config/systemd/user/chasm-recorder.service".into(),
            command: ["/usr/bin/chasm", "serve", "--data-dir", "/home/me/it's here"]
                .map(String::from)
                .to_vec(),
            data_dir: "/home/me/it's here".into(),
            enabled: true,
            started: true,
            why: None,
        }
    }

    #[test]
    fn what_install_did() {
        insta::assert_snapshot!(plain(&installed(&installation())));
    }

    #[test]
    fn what_install_could_not_do() {
        let mut done = installation();
        done.started = false;
        done.why = Some("a recorder (pid 7) uses the data folder already: end that one first".into());
        let busy = plain(&installed(&done));
        done.enabled = false;
        done.why = Some("no systemd answers here (systemctl --user show: Failed to connect to bus)".into());
        insta::assert_snapshot!(format!("{busy}---\n{}", plain(&installed(&done))));
    }

    #[test]
    fn what_status_found() {
        let mut it = Found {
            unit: "/u/chasm-recorder.service".into(),
            command: Some(r#""/usr/bin/chasm" "serve""#.into()),
            program_exists: true,
            active: Some("active".into()),
            enabled: Some("enabled".into()),
            pid: Some(7),
            why: None,
        };
        let runs = plain(&found(&it));
        it = Found { program_exists: false, active: Some("inactive".into()), enabled: None, pid: None, ..it };
        let gone = plain(&found(&it));
        it = Found { active: None, why: Some("Failed to connect to bus".into()), ..it };
        insta::assert_snapshot!(format!("{runs}---\n{gone}---\n{}", plain(&found(&it))));
    }
}
