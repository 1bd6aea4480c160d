//! Tries out a client: round after round, fault after fault, and says what came of it.
//!
//! Owns the rounds and their folder, and what is told on stderr meanwhile. Invariant: what it says was read back from the
//! recorder after the client had ended.

use super::judge::{Evidence, Finding, Judgement, Lack, judge};
use super::round::{Outcome, Round};
use super::rules::Verdict;
use super::script::{self, Fault, Message};
use super::subject::End;
use crate::app::App;
use crate::args::Conformance;
use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// What came of all rounds.
#[derive(Debug, Serialize)]
pub struct Tried {
    pub client: Vec<String>,
    pub passed: bool,
    pub seed: u64,
    pub rounds: u32,
    pub messages: usize,
    pub sessions: usize,
    pub lost: Vec<Lack>,
    pub twice: Vec<Lack>,
    pub out_of_order: Vec<Lack>,
    /// Rule by rule; of several rounds the worst.
    pub rules: Vec<Finding>,
    pub faults: Vec<Outcome>,
    /// How it ended before it was told to, in the last round in which it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// What the client said last on stderr, where something is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub last_words: Vec<String>,
}

pub async fn try_out(app: &App<'_>, args: &Conformance) -> Result<Tried> {
    let folder = tempfile::Builder::new().prefix("chasm-conformance-").tempdir()?;
    let faults = if args.faults.is_empty() { Fault::value_variants() } else { args.faults.as_slice() };
    let mut tried = Tried {
        client: args.client.clone(),
        passed: true,
        seed: args.seed,
        rounds: args.rounds,
        messages: 0,
        sessions: 0,
        lost: Vec::new(),
        twice: Vec::new(),
        out_of_order: Vec::new(),
        rules: Vec::new(),
        faults: Vec::new(),
        ended: None,
        last_words: Vec::new(),
    };
    for round in 1..=args.rounds {
        let place = folder.path().join(round.to_string());
        tried.round(app, args, round, faults, &place).await?;
        // one that does not even begin is not asked again
        if tried.ended.is_some() && tried.rules.iter().all(|finding| finding.verdict != Verdict::Kept) {
            tried.rounds = round;
            break;
        }
    }
    folder.close().context("the folder of the test recorder could not be removed")?;
    Ok(tried)
}

impl Tried {
    async fn round(
        &mut self,
        app: &App<'_>,
        args: &Conformance,
        number: u32,
        faults: &[Fault],
        folder: &Path,
    ) -> Result<()> {
        let script = script::write(args.seed, number, faults);
        let patience = Duration::from_secs(args.patience);
        let mut round = Round::start(folder, &args.client, patience).await?;
        let (mut outcomes, mut early) = (Vec::new(), false);
        for episode in &script {
            let outcome = Box::pin(round.play(episode, number)).await?;
            app.out.note(&told(&outcome, args.rounds));
            outcomes.push(outcome);
            // what comes after its end says nothing of it; with the last fault it is told to end
            early = episode.fault != Fault::Last && round.subject.has_ended();
            if early {
                break;
            }
        }
        let end = round.end().await?;
        let told = script.into_iter().take(outcomes.len());
        let messages: Vec<Message> = told.flat_map(|episode| episode.messages).collect();
        let sessions: BTreeSet<&str> = messages.iter().map(|message| message.session.as_str()).collect();
        let stored = round.stored(&sessions).await?;
        let judgement = round.proxy.seen(|seen| {
            let evidence = Evidence {
                round: number,
                messages: &messages,
                outcomes: &outcomes,
                stored: &stored,
                seen,
                end: &end,
                early,
                said: round.subject.said(),
            };
            judge(&evidence)
        });
        if !judgement.passed() || end != End::Exited(Some(0)) {
            self.last_words = round.subject.last_words();
        }
        if early {
            let acked = round.proxy.seen(|seen| seen.acked.len());
            self.ended = Some(ended(&end, acked, messages.len()));
        }
        self.messages += messages.len();
        self.sessions += sessions.len();
        self.add(judgement, outcomes);
        round.recorder.kill().await
    }

    fn add(&mut self, judgement: Judgement, outcomes: Vec<Outcome>) {
        self.passed &= judgement.passed();
        self.faults.extend(outcomes);
        if self.rules.is_empty() {
            self.rules = judgement.findings;
        } else {
            for (worst, new) in self.rules.iter_mut().zip(judgement.findings) {
                if badness(new.verdict) > badness(worst.verdict) {
                    *worst = new;
                }
            }
        }
        self.lost.extend(judgement.lost);
        self.twice.extend(judgement.twice);
        self.out_of_order.extend(judgement.out_of_order);
    }
}

/// `the client ended with code 2 before the first line was acknowledged`
fn ended(end: &End, acked: usize, messages: usize) -> String {
    let how = match end {
        End::Exited(Some(code)) => format!("with code {code}"),
        End::Exited(None) | End::TooLate => "by a signal".to_owned(),
    };
    match acked {
        0 => format!("the client ended {how} before the first line was acknowledged"),
        _ => format!("the client ended {how} before it was told to, after {messages} messages"),
    }
}

fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NotSeen => 0,
        Verdict::Kept => 1,
        Verdict::Broken => 2,
    }
}

/// A line of progress.
fn told(outcome: &Outcome, rounds: u32) -> String {
    let round = if rounds > 1 { format!("round {}: ", outcome.round) } else { String::new() };
    let what = match (outcome.struck, outcome.settled) {
        (false, _) => "it did not come to that",
        (true, true) if outcome.has_open() => "all that was promised, and all after it, acknowledged",
        (true, true) => "all acknowledged",
        (true, false) => "not all acknowledged within the patience",
    };
    format!("{round}«{}», {} messages: {what}", outcome.fault.name(), outcome.messages)
}
