//! The words of notifications: names of clients, numbers with their nouns, spans of time, links.
//!
//! Invariant: what comes from outside (a client's name, a report of damage) is cut, and has no control characters, no
//! marks that turn the direction of text, and no markup.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Longest name of a client, in characters.
const NAME_CHARS: usize = 40;
/// What a path of the UI may carry as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Names that clients send, without version, case, spaces and dashes, and what people call these programs.
const KNOWN: &[(&str, &str)] = &[
    ("aider", "Aider"),
    ("chasm", "chasm"),
    ("chasmvscode", "VS Code"),
    ("claude", "Claude"),
    ("claudecode", "Claude Code"),
    ("cline", "Cline"),
    ("code", "VS Code"),
    ("codeinsiders", "VS Code Insiders"),
    ("codex", "Codex"),
    ("continue", "Continue"),
    ("copilot", "GitHub Copilot"),
    ("cursor", "Cursor"),
    ("emacs", "Emacs"),
    ("geminicli", "Gemini CLI"),
    ("githubcopilot", "GitHub Copilot"),
    ("jetbrains", "JetBrains"),
    ("mozilla", "A web page"),
    ("neovim", "Neovim"),
    ("nvim", "Neovim"),
    ("visualstudiocode", "VS Code"),
    ("vscode", "VS Code"),
    ("vscodeinsiders", "VS Code Insiders"),
    ("vscodium", "VSCodium"),
    ("windsurf", "Windsurf"),
    ("zed", "Zed"),
];

/// What a person calls a client that calls itself so.
pub fn client_name(sent: Option<&str>) -> String {
    let sent = plain(sent.unwrap_or_default(), NAME_CHARS);
    let name = sent.split('/').next().unwrap_or_default();
    let key: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    match KNOWN.iter().find(|(known, _)| *known == key) {
        Some((_, name)) => String::from(*name),
        None if sent.is_empty() => String::from("A client"),
        None => sent,
    }
}

/// One line of text from outside, made fit to be shown.
pub fn plain(text: &str, most: usize) -> String {
    let kept: String = text.chars().filter(|c| !turns_text(*c)).collect();
    let one_line = kept.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    // notification services read bodies as markup, some of them titles too
    let safe = one_line.collect::<Vec<_>>().join(" ").replace('<', "‹").replace('>', "›").replace('&', "＆");
    match safe.char_indices().nth(most) {
        None => safe,
        Some(_) => safe.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Characters without a shape that change what stands beside them: direction, joining, hidden tags.
const fn turns_text(c: char) -> bool {
    matches!(c,
        '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// `1 event`, `2 events`.
pub fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `is` or `are`.
pub const fn is(n: u64) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

/// `6 events replayed, nothing missing`
pub fn replayed(events: u64, missing: u64) -> String {
    match (events, missing) {
        (0, 0) => String::from("nothing missing"),
        (0, missing) => format!("{} missing", count(missing, "event")),
        (events, 0) => format!("{} replayed, nothing missing", count(events, "event")),
        (events, missing) => {
            format!("{} replayed · {} missing", count(events, "event"), count(missing, "event"))
        }
    }
}

/// `40 s`, `3 min`, `2 h 5 min`
pub fn span(micros: i64) -> String {
    let secs = micros.max(0) / 1_000_000;
    match (secs / 3_600, secs / 60 % 60) {
        (0, 0) => format!("{secs} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

pub fn session_link(session: &str) -> String {
    format!("/session/{}", utf8_percent_encode(session, PLAIN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn programs_have_the_names_that_people_use() {
        for (sent, name) in [
            (Some("vscode/1.99"), "VS Code"),
            (Some("VSCode"), "VS Code"),
            (Some("Visual Studio Code/1.99.3"), "VS Code"),
            (Some("claude-code"), "Claude Code"),
            (Some("claude_code/2.0.1"), "Claude Code"),
            (Some("nvim/0.11"), "Neovim"),
            (Some("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"), "A web page"),
            (Some("my script/0.3"), "my script/0.3"),
            (Some("/odd"), "/odd"),
            (Some(" \u{202E}\n "), "A client"),
            (Some(""), "A client"),
            (None, "A client"),
            (Some("evil\u{202E}<b>\u{7}name</b>"), "evil‹b› name‹/b›"),
            (Some("R&D bot"), "R＆D bot"),
        ] {
            assert_eq!(client_name(sent), name, "{sent:?}");
        }
        assert_eq!(client_name(Some(&"é".repeat(60))), format!("{}…", "é".repeat(39)));
        assert_eq!(client_name(Some(&"é".repeat(40))), "é".repeat(40));
    }

    #[test]
    fn times_and_counts_have_units() {
        for (secs, text) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (7_500, "2 h 5 min"),
        ] {
            assert_eq!(span(secs * 1_000_000), text);
        }
        assert_eq!(replayed(1, 0), "1 event replayed, nothing missing");
        assert_eq!(replayed(6, 2), "6 events replayed · 2 events missing");
        assert_eq!((replayed(0, 0), replayed(0, 1)), ("nothing missing".into(), "1 event missing".into()));
    }

    #[test]
    fn links_carry_any_id() {
        assert_eq!(session_link("a-1_2.~"), "/session/a-1_2.~");
        assert_eq!(session_link("../a b/ü?#%"), "/session/..%2Fa%20b%2F%C3%BC%3F%23%25");
    }

    proptest! {
        #[test]
        fn names_are_short_and_harmless(sent in any::<Option<String>>()) {
            let name = client_name(sent.as_deref());
            prop_assert!(!name.is_empty() && name.chars().count() <= NAME_CHARS);
            prop_assert!(!name.chars().any(|c| c.is_control() || turns_text(c) || "<>&".contains(c)));
        }
    }
}
