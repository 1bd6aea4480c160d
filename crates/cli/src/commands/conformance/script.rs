//! What a client is given to record, and what is done to it meanwhile.
//!
//! Owns the faults, their order, and the text of every message. Pure: the same seed gives the same script. Invariant: no two
//! messages of a script have the same content.

use clap::ValueEnum;
use serde::Serialize;

/// What is done while the client records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Nothing
    Calm,
    /// The connection breaks in the middle of a frame or request
    Cut,
    /// What was sent arrives, but the answer does not, and then the connection breaks
    LostAck,
    /// Nothing passes any more, and the connection stays open
    HalfOpen,
    /// Everything passes in pieces of a few bytes
    Trickle,
    /// The recorder is killed, and starts again after a while
    Kill,
    /// The recorder stops in good order, and starts again after a while
    Stop,
    /// The user pauses recording for a while
    Pause,
    /// The recorder answers 503 with `Retry-After`: its disk is full
    Refuse,
    /// The very last frame is lost, and stdin ends behind it
    Last,
}

impl Fault {
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// A message to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub session: String,
    pub role: &'static str,
    pub content: String,
    /// Its number in the script, from 1.
    pub number: usize,
    pub fault: Fault,
}

impl Message {
    /// The line for the client's stdin.
    pub fn line(&self) -> String {
        let line = serde_json::json!({
            "session": self.session, "kind": "message", "role": self.role, "content": self.content,
        });
        format!("{line}\n")
    }
}

/// One fault, and the messages that are recorded under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    pub fault: Fault,
    pub messages: Vec<Message>,
    /// Where in the frame it strikes, in thousandths of its length.
    pub place: u64,
}

/// Sessions of a script.
const SESSIONS: u64 = 3;
/// Messages of an episode.
const MESSAGES: std::ops::RangeInclusive<u64> = 4..=8;

/// All episodes of one round. `Last` stays last, wherever it was named, and `Calm` first.
pub fn write(seed: u64, round: u32, faults: &[Fault]) -> Vec<Episode> {
    let mut dice = Dice::new(seed ^ u64::from(round).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut order: Vec<Fault> = faults.iter().copied().filter(|fault| *fault != Fault::Last).collect();
    // from the second round on, the order is the dice's
    if round > 1 {
        for at in (1..order.len()).rev() {
            order.swap(at, usize::try_from(dice.below(at as u64 + 1)).unwrap_or(0));
        }
    }
    order.extend(faults.iter().copied().filter(|fault| *fault == Fault::Last).take(1));
    let mut number = 0;
    let episode = |fault: Fault| {
        let spread = MESSAGES.end() - MESSAGES.start() + 1;
        let many = if fault == Fault::Last { 1 } else { MESSAGES.start() + dice.below(spread) };
        let messages = (0..many).map(|_| {
            number += 1;
            let session = format!(
                "conformance-{seed}-{round}-{}",
                ["a", "b", "c"].get(pick(&mut dice)).unwrap_or(&"a")
            );
            let role = if number % 2 == 1 { "user" } else { "assistant" };
            let content = format!("message {number} of {session} ({}) — «日本語» 🦀 \"\\\n", fault.name());
            Message { session, role, content, number, fault }
        });
        let messages = messages.collect();
        Episode { fault, messages, place: dice.below(1_000) }
    };
    order.into_iter().map(episode).collect()
}

fn pick(dice: &mut Dice) -> usize {
    usize::try_from(dice.below(SESSIONS)).unwrap_or(0)
}

/// splitmix64: numbers that follow from the seed alone.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_script_follows_from_its_seed() {
        let all = Fault::value_variants();
        let script = write(7, 1, all);
        assert_eq!(script, write(7, 1, all));
        assert_ne!(script, write(8, 1, all));
        assert_ne!(script, write(7, 2, all));
        assert_eq!(script.first().unwrap().fault, Fault::Calm);
        assert_eq!(write(7, 2, all).last().unwrap().fault, Fault::Last);
        assert_eq!(script.len(), all.len());
        let messages: Vec<&Message> = script.iter().flat_map(|episode| &episode.messages).collect();
        let contents: BTreeSet<&str> = messages.iter().map(|message| message.content.as_str()).collect();
        assert_eq!(contents.len(), messages.len());
        assert_eq!(messages.iter().map(|message| &message.session).collect::<BTreeSet<_>>().len(), 3);
    }

    #[test]
    fn a_line_is_one_line() {
        let line = write(1, 1, &[Fault::Calm])[0].messages[0].line();
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.ends_with('\n'));
    }
}
