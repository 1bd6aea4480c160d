//! The fault that strikes the client itself: `kill -9`, and a new start with the same folder.
//!
//! Owns its course, and what the client had promised by then. Never judges: `judge/killed.rs` does. Invariant: a message counts as
//! promised only where the client had said so for its last line before it died.

use super::proxy::{Strike, Way};
use super::replies::Reply;
use super::round::{AWAY, Outcome, Round};
use super::script::{Episode, Message};
use anyhow::Result;
use std::collections::BTreeSet;

/// What was known of the client's messages when it was killed.
#[derive(Debug, Default, Clone)]
pub struct Promise {
    /// Messages that it was told before the kill.
    pub told: BTreeSet<usize>,
    /// Those of them that it had not called kept: they may be there or not.
    pub open: BTreeSet<usize>,
}

impl Promise {
    /// Of messages whose lines were told behind so many others, each as far as there is a reply to it.
    fn of(messages: &[Message], before: usize, told: usize, replies: &[Reply]) -> Self {
        let mut promise = Self::default();
        let mut line = before;
        for message in messages {
            line += message.lines().len();
            promise.told.insert(message.number);
            let is_kept = line <= told && replies.get(line - 1) == Some(&Reply::Kept);
            if !is_kept {
                promise.open.insert(message.number);
            }
        }
        promise
    }

    pub fn kept(&self) -> usize {
        self.told.len() - self.open.len()
    }
}

impl Round {
    /// A quarter of the messages is on disk, and the client does not know it; half comes while it cannot connect; then it is
    /// killed amid its replies to those, and the rest comes to the next process.
    pub async fn kill_client(&mut self, episode: &Episode, outcome: &mut Outcome) -> Result<()> {
        let quarter = episode.messages.len() / 4;
        let (before, after) = episode.messages.split_at(quarter * 3);
        let (sent, held) = before.split_at(quarter);
        let first = self.subject.told();
        let _ = self.strike(Strike::LoseAnswer, sent).await;
        self.proxy.set(Way::Down);
        self.proxy.break_all();
        let amid = self.subject.told();
        self.feed(held).await;
        let lines = (self.subject.told() - amid) as u64;
        let some = usize::try_from(lines * episode.place / 1_000).unwrap_or(0);
        self.subject.replied(amid + some + 1, AWAY).await;
        outcome.struck = !self.subject.has_ended();
        // one that ended by itself is not helped up
        if outcome.struck {
            let told = self.subject.told();
            let replies = self.subject.kill().await?;
            let promise = Promise::of(before, first, told, &replies);
            outcome.kept = Some(promise.kept());
            outcome.promise = Some(promise);
        }
        self.proxy.knocks();
        self.proxy.set(Way::Open);
        if outcome.struck {
            self.subject.start_again()?;
        }
        self.feed(after).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::conformance::script::Fault;

    fn message(number: usize, pieces: &[&str]) -> Message {
        Message {
            session: "s".into(),
            role: "user",
            content: format!("m{number}"),
            number,
            fault: Fault::KillClient,
            pieces: pieces.iter().map(|piece| (*piece).to_owned()).collect(),
        }
    }

    #[test]
    fn what_was_not_called_kept_is_not_promised() {
        use Reply::{Kept, Skipped};
        // lines 3, 4 to 6, 7: two others came before
        let messages = [message(1, &[]), message(2, &["a", "b"]), message(3, &[])];
        let open = |replies: &[Reply]| {
            let promise = Promise::of(&messages, 2, 7, replies);
            assert_eq!(promise.told, BTreeSet::from([1, 2, 3]));
            promise.open.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(open(&[]), [1, 2, 3]);
        assert_eq!(open(&[Kept; 2]), [1, 2, 3]);
        assert_eq!(open(&[Kept; 5]), [2, 3], "the answer was not whole");
        assert_eq!(open(&[Kept; 7]), [0_usize; 0]);
        assert_eq!(open(&[Kept, Kept, Kept, Skipped, Skipped, Kept, Skipped]), [3]);
        assert_eq!(Promise::of(&messages, 2, 3, &[Kept; 7]).kept(), 1, "it was told one line");
    }
}
