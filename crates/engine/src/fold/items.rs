//! Messages and tool calls of one session, in one order.

use chasm_protocol::session::SessionRecord;
use chasm_protocol::{ItemKey, Message, Role, ToolCall};

/// A message or a tool call.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    Message(Message),
    ToolCall(ToolCall),
}

impl Item {
    pub const fn key(&self) -> ItemKey {
        match self {
            Self::Message(m) => m.key,
            Self::ToolCall(c) => c.key,
        }
    }

    pub const fn position(&self) -> u64 {
        match self {
            Self::Message(m) => m.position,
            Self::ToolCall(c) => c.position,
        }
    }

    pub const fn set_position(&mut self, position: u64) {
        match self {
            Self::Message(m) => m.position = position,
            Self::ToolCall(c) => c.position = position,
        }
    }
}

/// All items of a session, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Items(pub Vec<Item>);

impl Items {
    pub fn new(messages: Vec<Message>, tool_calls: Vec<ToolCall>) -> Self {
        let mut items: Vec<Item> = messages.into_iter().map(Item::Message).collect();
        items.extend(tool_calls.into_iter().map(Item::ToolCall));
        items.sort_by_key(Item::position);
        Self(items)
    }

    pub fn messages(&self) -> impl Iterator<Item = (usize, &Message)> {
        self.0.iter().enumerate().filter_map(|(i, item)| match item {
            Item::Message(m) => Some((i, m)),
            Item::ToolCall(_) => None,
        })
    }

    pub fn tool_calls(&self) -> impl Iterator<Item = (usize, &ToolCall)> {
        self.0.iter().enumerate().filter_map(|(i, item)| match item {
            Item::ToolCall(c) => Some((i, c)),
            Item::Message(_) => None,
        })
    }

    /// Numbers the items from 1, brings the record's counts in line, and parts messages from calls.
    pub fn finish(mut self, record: &mut SessionRecord) -> (Vec<Message>, Vec<ToolCall>) {
        record.positions = self.0.len() as u64;
        self.0.iter_mut().zip(1..).for_each(|(item, position)| item.set_position(position));
        let (messages, tool_calls) = self.into_lists();
        record.messages = messages.len() as u64;
        record.tool_calls = tool_calls.len() as u64;
        if record.preview.is_none() {
            record.preview =
                messages.iter().find(|m| m.role == Role::User).and_then(|m| preview(&m.content.text()));
        }
        (messages, tool_calls)
    }
}

impl Items {
    /// Messages and calls, each in order.
    pub fn into_lists(self) -> (Vec<Message>, Vec<ToolCall>) {
        let (mut messages, mut tool_calls) = (Vec::new(), Vec::new());
        for item in self.0 {
            match item {
                Item::Message(m) => messages.push(m),
                Item::ToolCall(c) => tool_calls.push(c),
            }
        }
        (messages, tool_calls)
    }
}

/// Longest preview, in characters.
const PREVIEW_CHARS: usize = 160;

/// The first words of a text on one line; `None` where it has none.
pub fn preview(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut left = PREVIEW_CHARS;
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
            left = left.saturating_sub(1);
        }
        out.extend(word.chars().take(left));
        left = left.saturating_sub(word.chars().count());
        if left == 0 {
            out.push('…');
            break;
        }
    }
    (!out.is_empty()).then_some(out)
}
