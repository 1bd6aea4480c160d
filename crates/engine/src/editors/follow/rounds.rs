//! What is decided when nothing happens: sessions that have ended, and those whose editor is gone.
//!
//! Owns the times. Invariant: a session is ended only when it waits for nothing; what waits is interrupted when its writer is
//! known to be gone, and by the engine's own silence otherwise.

use super::{Follower, Key, Live};
use crate::EngineError;
use std::time::{Duration, Instant};

/// Time between two looks at live sessions.
const ROUND: Duration = Duration::from_secs(1);
/// Time after which half a line is known to get no other half: editors write a line at once.
const HALF_A_LINE: Duration = Duration::from_secs(4);
/// Quiet time after which it is asked whether the editor still runs.
const ASK_FOR_WRITER: Duration = Duration::from_secs(10);
/// Time between two looks at all names, as the system may not have told everything.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(600);
/// The same where not all folders can be watched.
pub(super) const LOOK_OFTEN: Duration = Duration::from_secs(15);
/// Pause where nothing could be recorded.
pub(super) const RETRY: Duration = Duration::from_secs(5);

enum Verdict {
    GoOn,
    /// It waits for nothing and was quiet for long.
    Over,
    /// Its writer died in the middle of something.
    BrokenOff,
    /// The engine has interrupted it already, by its silence.
    Silent,
}

impl Follower {
    pub(super) fn until_next_round(&self) -> Duration {
        let look = self.next_look.saturating_duration_since(Instant::now());
        let rest = self.live.is_empty() && self.pace.is_empty();
        if rest { look } else { look.min(ROUND) }
    }

    pub(super) fn look_within(&mut self, wait: Duration) {
        self.next_look = self.next_look.min(Instant::now() + wait);
    }

    pub(super) async fn round(&mut self) -> Result<(), EngineError> {
        if self.is_paused() {
            self.next_look = self.next_look.max(Instant::now() + ROUND);
            return Ok(());
        }
        if self.next_look <= Instant::now() {
            self.look().await?;
        }
        let due = self.pace.due();
        self.look_into(due).await?;
        let (idle, silence) = (self.wanted().idle, self.engine.config().silence);
        let verdict = |(key, live): (&Key, &Live)| (key.clone(), verdict(live, idle, silence));
        let verdicts: Vec<(Key, Verdict)> = self.live.iter().map(verdict).collect();
        for (key, verdict) in verdicts {
            self.carry_out(&key, verdict).await?;
        }
        Ok(())
    }

    async fn carry_out(&mut self, key: &Key, verdict: Verdict) -> Result<(), EngineError> {
        let Some(live) = self.live.get_mut(key) else { return Ok(()) };
        let done = match verdict {
            Verdict::GoOn => return Ok(()),
            Verdict::Over => live.end("idle").await,
            // the rest of a line is recorded as far as it goes; then the connection is dropped
            Verdict::BrokenOff => live.read_on(true).await.map(drop),
            Verdict::Silent => Ok(()),
        };
        match done {
            Ok(()) => self.leave(key).await,
            Err(error) => {
                let (editor, file) = (live.editor, live.file.clone());
                self.live.remove(key);
                self.failed(editor, &file, error).await
            }
        }
    }
}

fn verdict(live: &Live, idle: Duration, silence: Duration) -> Verdict {
    let quiet = live.changed.elapsed();
    if live.held > 0 && quiet >= HALF_A_LINE {
        return Verdict::BrokenOff;
    }
    if !live.is_unfinished() {
        return if quiet >= idle { Verdict::Over } else { Verdict::GoOn };
    }
    if quiet >= silence + ROUND {
        return Verdict::Silent;
    }
    let gone = quiet >= ASK_FOR_WRITER && live.editor.writer_lives(&live.file) == Some(false);
    if gone { Verdict::BrokenOff } else { Verdict::GoOn }
}
