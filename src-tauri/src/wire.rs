//! What the recorder and its children say to each other: one JSON object a line, over the child's stdin and stdout.
//!
//! Never reads or writes itself. Invariant: a line that is not one of these is passed over by the reader, so that an older child
//! and a newer recorder (an update under a running one) still understand the rest.

use serde::{Deserialize, Serialize};

/// Longest line that a reader takes.
pub const LINE_BYTES: usize = 256 * 1024;

/// Recorder → tray.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ToTray {
    Face(Face),
    /// Puts a text into the clipboard.
    Copy {
        copy: String,
    },
    /// Asks the user; the answer comes as [`FromTray::Answered`].
    Ask {
        ask: Question,
    },
    /// Tells the user something in a box of its own.
    Tell {
        tell: Message,
    },
}

/// All that the tray shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Face {
    pub icon: Icon,
    pub tooltip: String,
    pub menu: Vec<Entry>,
}

/// The icon's states: different shapes, not only colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Icon {
    /// It could record; nobody sends.
    Idle,
    Recording,
    Paused,
    /// Interrupted sessions, or damage.
    Attention,
    /// Not recording.
    Error,
}

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Unique within the menu; what [`FromTray::Chosen`] names.
    pub id: String,
    pub label: String,
    pub enabled: bool,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Item,
    Check(bool),
    Separator,
    Submenu(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Comes back with the answer.
    pub id: String,
    pub title: String,
    pub text: String,
    pub yes: String,
    pub no: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub title: String,
    pub text: String,
}

/// Tray → recorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromTray {
    /// The icon is made.
    Ready(bool),
    /// It cannot be made, because of this.
    Missing(String),
    /// The entry of this id was clicked.
    Chosen(String),
    /// The icon itself was clicked.
    Activated(bool),
    Answered {
        id: String,
        yes: bool,
    },
}

/// Recorder → window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToWindow {
    /// Comes to the front and shows this path of the UI; an empty one leaves the page as it is.
    Go(String),
}

/// Window → recorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromWindow {
    /// The page is loaded.
    Ready(bool),
}

/// One line, with its end.
pub fn line(message: &impl Serialize) -> String {
    // these types have nothing that JSON cannot say
    let mut text = serde_json::to_string(message).unwrap_or_default();
    text.push('\n');
    text
}

/// What a line says; `None` where it is none of ours.
pub fn read<'a, T: Deserialize<'a>>(line: &'a str) -> Option<T> {
    serde_json::from_str(line.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same<T: Serialize + for<'a> Deserialize<'a> + PartialEq + std::fmt::Debug>(message: T, text: &str) {
        assert_eq!(line(&message), format!("{text}\n"));
        assert_eq!(read::<T>(text), Some(message));
    }

    #[test]
    fn the_lines_are_these() {
        let entry = Entry { id: "quit".into(), label: "Quit".into(), enabled: true, kind: Kind::Item };
        let menu = vec![Entry {
            kind: Kind::Submenu(vec![entry]),
            id: "more".into(),
            label: "More".into(),
            enabled: true,
        }];
        let face = Face { icon: Icon::Recording, tooltip: "Recording".into(), menu };
        same(
            ToTray::Face(face),
            r#"{"icon":"recording","tooltip":"Recording","menu":[{"id":"more","label":"More","enabled":true,"kind":{"submenu":[{"id":"quit","label":"Quit","enabled":true,"kind":"item"}]}}]}"#,
        );
        same(ToTray::Copy { copy: "x".into() }, r#"{"copy":"x"}"#);
        same(FromTray::Chosen("pause-15".into()), r#"{"chosen":"pause-15"}"#);
        same(FromTray::Ready(true), r#"{"ready":true}"#);
        same(FromTray::Missing("libayatana".into()), r#"{"missing":"libayatana"}"#);
        same(ToWindow::Go("/session/ID".into()), r#"{"go":"/session/ID"}"#);
        same(FromWindow::Ready(true), r#"{"ready":true}"#);
    }

    #[test]
    fn what_is_no_message_is_passed_over() {
        for text in ["", "hello", "{}", "[]", r#"{"go":1}"#, r#"{"unheard-of":true}"#] {
            assert_eq!(read::<ToWindow>(text), None, "{text}");
            assert_eq!(read::<FromTray>(text), None, "{text}");
            assert_eq!(read::<ToTray>(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_stays_on_its_line(label in any::<String>(), tooltip in any::<String>(), checked in any::<bool>()) {
            let menu = vec![Entry { id: label.clone(), label, enabled: checked, kind: Kind::Check(checked) }];
            let message = ToTray::Face(Face { icon: Icon::Error, tooltip, menu });
            let text = line(&message);
            prop_assert_eq!(text.matches('\n').count(), 1);
            prop_assert_eq!(read::<ToTray>(&text), Some(message));
        }
    }
}
