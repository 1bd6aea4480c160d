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
        last_words: Vec::new(),
    };
    for round in 1..=args.rounds {
        let place = folder.path().join(round.to_string());
        tried.round(app, args, round, faults, &place).await?;
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
        let mut outcomes = Vec::new();
        for episode in &script {
            let outcome = Box::pin(round.play(episode, number)).await?;
            app.out.note(&told(&outcome, args.rounds));
            outcomes.push(outcome);
        }
        let end = round.end().await?;
        let messages: Vec<Message> = script.into_iter().flat_map(|episode| episode.messages).collect();
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
                said: round.subject.said(),
            };
            judge(&evidence)
        });
        if !judgement.passed() || end != End::Exited(Some(0)) {
            self.last_words = round.subject.last_words();
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
