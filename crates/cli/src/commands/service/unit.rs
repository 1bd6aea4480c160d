//! The text of the systemd unit, and reading it back.
//!
//! Source: systemd.service(5), «Command lines»; systemd.exec(5), «Sandboxing»; systemd.unit(5), «Conditions and asserts».
//! Never touches a file. Invariant: whatever stands in a path reaches the recorder as it is, and a unit whose program is gone
//! starts nothing and fails at nothing.

/// Units that begin with this are ours.
const MARK: &str = "# Written by `chasm service install`";
const CONDITION: &str = "ConditionFileIsExecutable=";
const EXEC: &str = "ExecStart=";

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    #[error("`{0}` cannot stand in a unit: it is no text, or has control characters")]
    Unsayable(String),
}

/// The unit that runs this program with these arguments.
///
/// Only what a seccomp filter can do is shut off: private folders, a private user and a hidden `/proc` would take from the
/// recorder the transcripts of other programs, and the tables in which it looks up whose connection it has.
pub fn text(program: &str, arguments: &[String]) -> Result<String, UnitError> {
    let mut command = quoted(program, false)?;
    for argument in arguments {
        command.push(' ');
        command.push_str(&quoted(argument, true)?);
    }
    let program = program.replace('%', "%%");
    Ok(format!(
        "{MARK}, which replaces it; `chasm service remove` takes it away.

[Unit]
Description=Chasm Recorder, a flight recorder for AI chats
Documentation=man:chasm(1)
# Nothing is started, and nothing fails, where the program was removed.
{CONDITION}{program}
# Who records never gives up.
StartLimitIntervalSec=0

[Service]
Type=notify
{EXEC}{command}
Restart=on-failure
RestartSec=3
# A long recovery is no failure.
TimeoutStartSec=infinity
TimeoutStopSec=30
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=default.target
"
    ))
}

/// This command wrote it.
pub fn is_ours(text: &str) -> bool {
    text.starts_with(MARK)
}

/// The command line that a unit starts, as it stands there.
pub fn command(text: &str) -> Option<&str> {
    value(text, EXEC)
}

/// The program that a unit of ours starts.
pub fn program(text: &str) -> Option<String> {
    value(text, CONDITION).map(|path| path.replace("%%", "%"))
}

fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim)
}

/// One word in double quotes. A percent sign begins a specifier; a dollar sign a variable, but not in the program's path.
fn quoted(word: &str, variables: bool) -> Result<String, UnitError> {
    if word.chars().any(char::is_control) {
        return Err(UnitError::Unsayable(word.chars().filter(|c| !c.is_control()).collect()));
    }
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '%' => out.push_str("%%"),
            '$' if variables => out.push_str("$$"),
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn the_unit() {
        let text = text("/usr/bin/chasm", &words(&["serve", "--data-dir", "/home/me/my data"])).unwrap();
        insta::assert_snapshot!(text);
        assert!(is_ours(&text));
    }

    #[test]
    fn every_word_is_quoted_and_says_what_it_said() {
        for (word, said) in [
            ("/a b", r#""/a b""#),
            ("100%", r#""100%%""#),
            ("$HOME", r#""$$HOME""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            ("it's", r#""it's""#),
            ("", r#""""#),
        ] {
            assert_eq!(quoted(word, true).as_deref(), Ok(said));
        }
        assert_eq!(quoted("/a$b", false).as_deref(), Ok(r#""/a$b""#));
        assert!(text("/bin/chasm\n[Service]", &[]).is_err());
        assert!(text("/bin/chasm", &words(&["a\tb"])).is_err());
    }

    #[test]
    fn a_unit_reads_back() {
        let text = text("/opt/100%/chasm", &words(&["serve"])).unwrap();
        assert_eq!(command(&text), Some(r#""/opt/100%%/chasm" "serve""#));
        assert_eq!(program(&text).as_deref(), Some("/opt/100%/chasm"));
        for other in ["", "[Service]\nExecStart=/bin/x\n"] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
