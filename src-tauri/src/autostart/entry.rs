//! The text of an autostart entry, and reading it back.
//!
//! Source: freedesktop.org, Desktop Entry Specification 1.5 («The Exec key», «Values») and Desktop Application Autostart
//! Specification. Never touches a file. Invariant: what is written reads back as the same command.

use super::AutostartError;

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Nobody switched it off.
    pub enabled: bool,
}

/// The text of an entry that starts this command at login.
pub fn text(command: &[String]) -> Result<String, AutostartError> {
    let words: Result<Vec<String>, _> = command.iter().map(|word| quoted(word)).collect();
    let exec = escaped(&words?.join(" "));
    // an entry whose program is gone is passed over without a word
    let program = escaped(command.first().map_or("", String::as_str));
    Ok(format!(
        "[Desktop Entry]\n\
         Type=Application\n\
         Version=1.4\n\
         Name=Chasm Recorder\n\
         Comment=Records AI chats as they happen\n\
         Icon=chasm-recorder\n\
         TryExec={program}\n\
         Exec={exec}\n\
         Terminal=false\n\
         StartupNotify=false\n\
         NoDisplay=true\n\
         X-GNOME-Autostart-enabled=true\n"
    ))
}

/// Reads an entry; `None` where it starts nothing.
pub fn read(text: &str) -> Option<Entry> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != "[Desktop Entry]").skip(1);
    let (mut command, mut enabled) = (None, true);
    for line in lines.by_ref().take_while(|line| !line.starts_with('[')) {
        let Some((key, value)) = line.split_once('=') else { continue };
        match (key.trim(), value.trim()) {
            ("Exec", value) => command = words(&unescaped(value)),
            ("Hidden", "true") | ("X-GNOME-Autostart-enabled", "false") => enabled = false,
            _ => {}
        }
    }
    command.filter(|words| !words.is_empty()).map(|command| Entry { command, enabled })
}

/// One argument in double quotes, as the Exec key wants it. Without quotes only what can mean nothing else.
fn quoted(word: &str) -> Result<String, AutostartError> {
    if word.chars().any(char::is_control) {
        return Err(AutostartError::Unsayable(word.chars().filter(|c| !c.is_control()).collect()));
    }
    // a percent sign begins a field code
    let word = word.replace('%', "%%");
    let plain = |c: char| c.is_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Ok(word);
    }
    let mut quoted = String::from("\"");
    for c in word.chars() {
        if matches!(c, '"' | '`' | '$' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    Ok(quoted)
}

/// The general escape of values, which is undone before a value is looked at.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\")
}

fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('s') => out.push(' '),
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

/// The words of an Exec value; `None` where a quote does not end.
fn words(exec: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    let mut chars = exec.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if quoted => word.get_or_insert_default().extend(chars.next()),
            '%' if chars.peek() == Some(&'%') => word.get_or_insert_default().extend(chars.next()),
            // a field code stands for nothing here
            '%' => drop(chars.next()),
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (!quoted).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn command(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    fn exec(words: &[&str]) -> String {
        let text = text(&command(words)).unwrap();
        text.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap().to_owned()
    }

    #[test]
    fn what_is_plain_stays_plain_and_what_is_not_is_quoted() {
        assert_eq!(exec(&["/usr/bin/chasm-recorder", "--hidden"]), "/usr/bin/chasm-recorder --hidden");
        assert_eq!(exec(&["/opt/my apps/x", "--hidden"]), "\"/opt/my apps/x\" --hidden");
        assert_eq!(exec(&["/a/100%"]), "/a/100%%");
        assert_eq!(exec(&["/a\\b$c"]), r#""/a\\\\b\\$c""#);
        assert!(text(&command(&["/a\nb"])).is_err());
    }

    #[test]
    fn an_entry_that_was_switched_off_says_so() {
        let on = text(&command(&["/x", "--hidden"])).unwrap();
        assert_eq!(read(&on), Some(Entry { command: command(&["/x", "--hidden"]), enabled: true }));
        for line in ["Hidden=true", "X-GNOME-Autostart-enabled=false"] {
            assert!(!read(&format!("{on}{line}\n")).unwrap().enabled, "{line}");
        }
        // another group says nothing about this one
        assert!(read(&format!("{on}[Desktop Action x]\nHidden=true\n")).unwrap().enabled);
        for nothing in ["", "[Desktop Entry]\nName=x\n", "Exec=/x\n", "[Desktop Entry]\nExec=\"/x\n"] {
            assert_eq!(read(nothing), None, "{nothing:?}");
        }
    }

    proptest! {
        #[test]
        fn every_command_reads_back(words in proptest::collection::vec("[^\\p{Cc}]{1,20}", 1..5)) {
            prop_assume!(words.iter().all(|w| !w.chars().any(char::is_control)));
            let text = text(&words).unwrap();
            prop_assert_eq!(read(&text).map(|e| e.command), Some(words));
        }
    }
}
