//! Who says a line.
//!
//! Owns the marks of Aider's Markdown. Never knows a session. A quoted line in an answer is taken for what the program says:
//! the format does not tell them apart.

/// The line that begins a talk, before its time.
const HEADER: &str = "# aider chat started at ";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    User,
    Assistant,
    Tool,
}

impl Voice {
    pub fn role(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// The time at which a talk begins, as it stands in the line that begins it.
pub fn header(line: &str) -> Option<&str> {
    line.strip_prefix(HEADER).map(str::trim)
}

/// Tells prompts from headings in an answer: Aider ends the lines of a prompt with two blanks. Where the first prompt of a talk
/// has none, because something has trimmed the file, every line with its mark is one.
#[derive(Debug, Default, Clone, Copy)]
pub struct Voices {
    blanks: Option<bool>,
}

impl Voices {
    /// Who says a line that is not blank, and what.
    pub fn of<'a>(&mut self, line: &'a str) -> (Voice, &'a str) {
        let line = line.trim_end_matches(['\r', '\n']);
        let inner = |mark: &str| if line == mark.trim_end() { Some("") } else { line.strip_prefix(mark) };
        if let Some(said) = inner("#### ") {
            let has_blanks = line.ends_with("  ");
            let told_apart = *self.blanks.get_or_insert(has_blanks);
            if has_blanks || !told_apart {
                return (Voice::User, said.trim_end());
            }
        } else if let Some(said) = inner("> ") {
            return (Voice::Tool, said.trim_end());
        }
        (Voice::Assistant, line.trim_end_matches(' '))
    }
}

/// The model that the program says it uses.
pub fn model(said: &str) -> Option<&str> {
    let marks = ["Main model: ", "Model: ", "Models: "];
    let rest = marks.iter().find_map(|mark| said.strip_prefix(mark))?;
    rest.split_once(" with ").map(|(model, _)| model.trim()).filter(|model| !model.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_who_speaks() {
        let mut voices = Voices::default();
        assert_eq!(voices.of("#### add it  "), (Voice::User, "add it"));
        assert_eq!(voices.of("#### Step 1"), (Voice::Assistant, "#### Step 1"));
        assert_eq!(voices.of("> Applied edit to a.rs  "), (Voice::Tool, "Applied edit to a.rs"));
        assert_eq!(voices.of(">"), (Voice::Tool, ""));
        assert_eq!(voices.of("plain"), (Voice::Assistant, "plain"));
        let mut trimmed = Voices::default();
        assert_eq!(trimmed.of("#### add it"), (Voice::User, "add it"));
        assert_eq!(trimmed.of("#### Step 1"), (Voice::User, "Step 1"));
    }

    #[test]
    fn headers_and_models() {
        assert_eq!(header("# aider chat started at 2026-06-09 14:01:00"), Some("2026-06-09 14:01:00"));
        assert_eq!(header("# Other"), None);
        assert_eq!(model("Main model: gpt-4o with diff edit format"), Some("gpt-4o"));
        assert_eq!(model("Git repo: .git with 3 files"), None);
    }
}
