//! What a client is given to record, and what is done to it meanwhile.
//!
//! Owns the faults, their order, and the text of every message. Pure: the same seed gives the same script. Invariant: no two
//! messages of a script, and no two pieces, have the same content.

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;
use std::ops::RangeInclusive;

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
    /// The client itself is killed, and starts again with the same folder
    KillClient,
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
    /// What it is streamed in, put together the content; empty where it comes whole.
    pub pieces: Vec<String>,
}

impl Message {
    /// The `message_id` of one that is streamed.
    pub fn id(&self) -> String {
        format!("{}-m{}", self.session, self.number)
    }

    /// The lines for the client's stdin: its pieces, then the whole.
    pub fn lines(&self) -> Vec<String> {
        let piece = |piece: &String| {
            json!({
                "session": self.session, "kind": "delta", "role": self.role, "message_id": self.id(), "delta": piece,
            })
        };
        let mut whole = json!({
            "session": self.session, "kind": "message", "role": self.role, "content": self.content,
        });
        if let (false, Some(whole)) = (self.pieces.is_empty(), whole.as_object_mut()) {
            whole.insert("message_id".into(), self.id().into());
        }
        let lines = self.pieces.iter().map(piece).chain([whole]);
        lines.map(|line| format!("{line}\n")).collect()
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
/// Messages of an episode; twice as many where the client is killed.
const MESSAGES: RangeInclusive<u64> = 4..=8;
/// Pieces of a streamed answer.
const PIECES: RangeInclusive<u64> = 2..=4;

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
        let many = match fault {
            Fault::Last => 1,
            // some before the kill, some amid it, some after it
            Fault::KillClient => 2 * dice.of(MESSAGES),
            _ => dice.of(MESSAGES),
        };
        let mut streamed = 0;
        let messages = (0..many).map(|_| {
            number += 1;
            let session = format!(
                "conformance-{seed}-{round}-{}",
                ["a", "b", "c"].get(pick(&mut dice)).unwrap_or(&"a")
            );
            let is_answer = number % 2 == 0;
            // the first answer of an episode, and about half of the others; the last frame is one message
            let streams = is_answer && fault != Fault::Last && (streamed == 0 || dice.below(2) == 0);
            streamed += usize::from(streams);
            let pieces = if streams { dice.of(PIECES) } else { 0 };
            message(session, is_answer, number, fault, pieces)
        });
        let messages = messages.collect();
        Episode { fault, messages, place: dice.below(1_000) }
    };
    order.into_iter().map(episode).collect()
}

fn message(session: String, is_answer: bool, number: usize, fault: Fault, pieces: u64) -> Message {
    let text = format!("message {number} of {session} ({}) — «日本語» 🦀 \"\\\n", fault.name());
    let pieces: Vec<String> =
        (1..=pieces).map(|piece| format!("piece {piece} of {pieces} of {text}")).collect();
    let content = if pieces.is_empty() { text } else { pieces.concat() };
    let role = if is_answer { "assistant" } else { "user" };
    Message { session, role, content, number, fault, pieces }
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

    fn of(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.below(range.end() - range.start() + 1)
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
        let script = write(1, 1, Fault::value_variants());
        let lines: Vec<String> =
            script.iter().flat_map(|episode| &episode.messages).flat_map(Message::lines).collect();
        assert!(lines.iter().all(|line| line.matches('\n').count() == 1 && line.ends_with('\n')));
    }

    #[test]
    fn each_episode_but_the_last_has_an_answer_in_pieces() {
        for seed in 0..50 {
            for episode in write(seed, 1, Fault::value_variants()) {
                let mut streamed = episode.messages.iter().filter(|message| !message.pieces.is_empty());
                assert_eq!(streamed.clone().count() > 0, episode.fault != Fault::Last, "{:?}", episode.fault);
                assert!(streamed.all(|message| message.role == "assistant"
                    && message.pieces.concat() == message.content
                    && message.lines().len() == message.pieces.len() + 1));
            }
        }
    }
}
