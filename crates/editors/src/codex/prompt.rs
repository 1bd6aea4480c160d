//! What a person typed, told from what the program wrote in the user's name.
//!
//! Owns the marks of such texts. Never throws anything away: its callers keep the original beside the shown text.

use crate::ids::hash;
use std::collections::HashMap;

/// Beginnings of `user` texts that nobody typed.
const CONTEXT: [&str; 20] = [
    "<environment_context>",
    "<user_instructions>",
    "<INSTRUCTIONS>",
    "<permissions instructions>",
    "<collaboration_mode>",
    "<personality_spec>",
    "<model_switch>",
    "<apps_instructions>",
    "<plugins_instructions>",
    "<skills_instructions>",
    "<skill>",
    "<user_shell_command>",
    "<turn_aborted>",
    "<subagent_notification>",
    "<realtime_conversation>",
    "<goal_context>",
    "<user_action>",
    "# AGENTS.md instructions",
    "AGENTS.md instructions",
    "Another language model started to solve this problem",
];

/// Above the prompt where an editor's extension has put its own context before it.
const REQUEST: &str = "## My request for Codex:";

/// Whether nobody typed this.
pub fn is_context(text: &str) -> bool {
    let text = text.trim_start();
    CONTEXT.iter().any(|mark| text.starts_with(mark))
}

/// The typed part of a prompt that an extension has put its context before.
pub fn request(text: &str) -> Option<&str> {
    Some(text.split_once(REQUEST)?.1.trim())
}

/// Prompts by their texts: rollouts have each of them twice, as an item and as an event, in any order.
#[derive(Default)]
pub struct Prompts(HashMap<u64, Said>);

#[derive(Default, Clone, Copy)]
struct Said {
    items: u32,
    events: u32,
}

impl Prompts {
    /// The name of the message that this item gives.
    pub fn item(&mut self, text: &str) -> String {
        let (name, said) = self.said(text);
        said.items += 1;
        format!("prompt-{name:016x}-{}", said.items)
    }

    /// The name of the message that this event gives, and whether an item gave it already.
    pub fn event(&mut self, text: &str) -> (String, bool) {
        let (name, said) = self.said(text);
        said.events += 1;
        (format!("prompt-{name:016x}-{}", said.events), said.events <= said.items)
    }

    /// Whether an event said that this was typed.
    pub fn is_known(&self, text: &str) -> bool {
        self.0.get(&name(text)).is_some_and(|said| said.events > 0)
    }

    fn said(&mut self, text: &str) -> (u64, &mut Said) {
        let name = name(text);
        (name, self.0.entry(name).or_default())
    }
}

/// The two forms of a prompt differ in blanks, where it has several parts.
fn name(text: &str) -> u64 {
    hash(&text.split_whitespace().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_told_from_the_rest() {
        assert!(is_context("\n<environment_context>\n<cwd>/w</cwd>"));
        assert!(is_context("# AGENTS.md instructions for /w"));
        assert!(!is_context("why <environment_context>?"));
        assert_eq!(request("# Context from my IDE setup:\n\n## My request for Codex:\nlist\n"), Some("list"));
        assert_eq!(request("list"), None);
    }

    #[test]
    fn both_forms_of_a_prompt_have_one_name() {
        let mut prompts = Prompts::default();
        let first = prompts.item("a b");
        assert!(!prompts.is_known("a b"));
        assert_eq!(prompts.event("a  b\n"), (first.clone(), true));
        let (second, repeated) = prompts.event("a b");
        assert!(prompts.is_known("ab") && !repeated && second != first);
        assert_eq!(prompts.item("a b"), second);
    }
}
