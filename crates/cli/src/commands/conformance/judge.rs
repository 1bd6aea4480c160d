//! Holds what a client did, and what is on disk, against the rules.
//!
//! Pure. Never asks the recorder or the client anything. Invariant: `passed` is true only where no message was lost, doubled or
//! out of place, and no rule that matters is broken.

use super::killing::Promise;
use super::replies::Said;
use super::round::{Outcome, Stored};
use super::rules::{self, Rule, Verdict};
use super::script::{Fault, Message};
use super::seen::{Seen, Sent};
use super::subject::End;
use crate::show::time::count;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use stream::{Pieces, stream};

mod killed;
mod stream;

/// A message that is not there as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lack {
    pub round: u32,
    pub message: usize,
    pub session: String,
    /// Under which fault it was recorded.
    pub fault: Fault,
}

/// A rule, and whether it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(flatten)]
    pub rule: Rule,
    pub verdict: Verdict,
    /// What was seen.
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
}

/// What one round came to.
#[derive(Debug, Default)]
pub struct Judgement {
    pub lost: Vec<Lack>,
    pub twice: Vec<Lack>,
    pub out_of_order: Vec<Lack>,
    pub findings: Vec<Finding>,
}

impl Judgement {
    pub fn passed(&self) -> bool {
        let broken = |finding: &Finding| finding.rule.must && finding.verdict == Verdict::Broken;
        self.lost.is_empty()
            && self.twice.is_empty()
            && self.out_of_order.is_empty()
            && !self.findings.iter().any(broken)
    }
}

/// What a round left behind.
pub struct Evidence<'a> {
    pub round: u32,
    pub messages: &'a [Message],
    pub outcomes: &'a [Outcome],
    pub stored: &'a BTreeMap<String, Stored>,
    pub seen: &'a Seen,
    pub end: &'a End,
    /// It ended before it was told to.
    pub early: bool,
    pub said: Said,
}

pub fn judge(evidence: &Evidence<'_>) -> Judgement {
    let pieces = Pieces::of(evidence);
    let mut judgement = Judgement {
        lost: evidence.lacks(|message| !evidence.is_open(message) && pieces.lacks(message)),
        twice: evidence.lacks(|message| pieces.times(message) > 1),
        out_of_order: evidence.out_of_order(&pieces),
        findings: Vec::new(),
    };
    // what was told to a client that was killed then is a matter of its own
    let (killed, lost): (Vec<Lack>, Vec<Lack>) =
        judgement.lost.iter().cloned().partition(|lack| evidence.was_told(lack.message));
    let findings = vec![
        keep(evidence, &lost, &pieces),
        same(evidence, &judgement.twice),
        order(evidence, &judgement.out_of_order),
        stream(evidence, &pieces),
        well_formed(evidence),
        pause(evidence),
        half_open(evidence),
        comes_back(evidence, rules::CLOSE, Fault::Stop),
        comes_back(evidence, rules::REFUSAL, Fault::Refuse),
        killed::killed(evidence, &killed, &pieces),
        finish(evidence, &lost),
        pong(evidence),
        has(evidence, rules::IDS, "event_id", |event| event.get("event_id").is_some()),
        seq(evidence),
        has(evidence, rules::TIMESTAMP, "timestamp", |event| event.get("timestamp").is_some()),
        hello(evidence),
        backoff(evidence),
        killed::says_kept(evidence),
    ];
    judgement.findings = findings;
    judgement
}

impl Evidence<'_> {
    fn lacks(&self, is: impl Fn(&Message) -> bool) -> Vec<Lack> {
        self.messages.iter().filter(|message| is(message)).map(|message| self.lack(message)).collect()
    }

    fn lack(&self, message: &Message) -> Lack {
        Lack {
            round: self.round,
            message: message.number,
            session: message.session.clone(),
            fault: message.fault,
        }
    }

    /// How often it is there: as people read the session, or as events of its own.
    fn times(&self, message: &Message) -> usize {
        let Some(stored) = self.stored.get(&message.session) else { return 0 };
        let read = stored.contents.iter().filter(|content| **content == message.content).count();
        let events = stored.events.iter().filter(|event| content(event) == Some(&message.content)).count();
        read.max(if read > 0 { events } else { 0 })
    }

    /// Messages that stand behind one that was said after them, or whose pieces stand otherwise than they were said.
    fn out_of_order(&self, pieces: &Pieces) -> Vec<Lack> {
        let mut wrong = self.lacks(|message| pieces.are_mixed_up(message));
        for (session, stored) in self.stored {
            let wanted: Vec<&Message> =
                self.messages.iter().filter(|message| message.session == *session).collect();
            let mut seen = BTreeSet::new();
            let mut latest = 0;
            for content in stored.contents.iter().filter(|content| seen.insert(content.as_str())) {
                let Some(message) = wanted.iter().find(|message| message.content == *content) else {
                    continue;
                };
                if message.number < latest && !pieces.are_mixed_up(message) {
                    wrong.push(self.lack(message));
                }
                latest = latest.max(message.number);
            }
        }
        wrong.sort_by_key(|lack| lack.message);
        wrong
    }

    fn promise(&self) -> Option<&Promise> {
        self.outcomes.iter().find_map(|outcome| outcome.promise.as_ref())
    }

    /// Whether it was told to a client that was killed then, which had not called it kept: it may be there or not.
    fn is_open(&self, message: &Message) -> bool {
        self.promise().is_some_and(|promise| promise.open.contains(&message.number))
    }

    /// Whether it was told to a client that was killed then.
    fn was_told(&self, number: usize) -> bool {
        self.promise().is_some_and(|promise| promise.told.contains(&number))
    }

    fn outcome(&self, fault: Fault) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.fault == fault && outcome.struck)
    }

    /// All sendings of each message, by content.
    fn sendings(&self) -> BTreeMap<&str, Vec<&Sent>> {
        let mut all: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
        for sent in &self.seen.sent {
            all.entry(sent.content.as_str()).or_default().push(sent);
        }
        all
    }
}

fn content(event: &Value) -> Option<&str> {
    event.pointer("/data/content").and_then(Value::as_str)
}

fn finding(rule: Rule, verdict: Verdict, what: impl Into<String>) -> Finding {
    let advice = (verdict == Verdict::Broken).then_some(rule.advice);
    Finding { rule, verdict, what: what.into(), advice }
}

fn kept_if(rule: Rule, kept: bool, what: impl Into<String>) -> Finding {
    finding(rule, if kept { Verdict::Kept } else { Verdict::Broken }, what)
}

/// `message 3 and 4 of session a, under «cut»`, fault by fault.
pub fn told(lacks: &[Lack]) -> String {
    let mut by_fault: Vec<(Fault, Vec<usize>)> = Vec::new();
    for lack in lacks {
        match by_fault.last_mut() {
            Some((fault, numbers)) if *fault == lack.fault => numbers.push(lack.message),
            _ => by_fault.push((lack.fault, vec![lack.message])),
        }
    }
    let told = by_fault.iter().map(|(fault, numbers)| {
        let word = if numbers.len() == 1 { "message" } else { "messages" };
        format!("{word} {} under «{}»", runs(numbers), fault.name())
    });
    told.collect::<Vec<_>>().join("; ")
}

/// `3, 4, 9–14`: from three numbers on, a run is told by its ends.
fn runs(numbers: &[usize]) -> String {
    let told = numbers.chunk_by(|one, next| one + 1 == *next).flat_map(|run| match run {
        [first, _, .., last] => vec![format!("{first}–{last}")],
        few => few.iter().map(usize::to_string).collect(),
    });
    told.collect::<Vec<_>>().join(", ")
}

fn keep(evidence: &Evidence<'_>, lost: &[Lack], pieces: &Pieces) -> Finding {
    let all = evidence.messages.iter().filter(|message| !evidence.was_told(message.number)).count();
    if lost.is_empty() {
        return kept_if(rules::KEEP, true, format!("all {all} messages are recorded"));
    }
    let sent = evidence.sendings();
    let lost_ones = || {
        let is_lost = |message: &&Message| lost.iter().any(|lack| lack.message == message.number);
        evidence.messages.iter().filter(is_lost)
    };
    let never = lost_ones().filter(|message| !sent.contains_key(message.content.as_str())).count();
    let never = if never > 0 { format!("; {never} of them were never sent") } else { String::new() };
    let part = lost_ones().filter(|message| pieces.times(message) > 0).count();
    let part =
        if part > 0 { format!("; {part} of them in part: a piece of an answer") } else { String::new() };
    kept_if(rules::KEEP, false, format!("{} of {all} are lost: {}{part}{never}", lost.len(), told(lost)))
}

fn same(evidence: &Evidence<'_>, twice: &[Lack]) -> Finding {
    let sendings = evidence.sendings();
    let again: Vec<&Vec<&Sent>> = sendings.values().filter(|times| times.len() > 1).collect();
    let changes = |differ: &dyn Fn(&Sent, &Sent) -> bool| {
        let changed =
            |times: &&&Vec<&Sent>| times.windows(2).any(|pair| matches!(pair, [a, b] if differ(a, b)));
        again.iter().filter(changed).count()
    };
    let mut wrong = Vec::new();
    if !twice.is_empty() {
        wrong.push(format!("{} came twice: {}", twice.len(), told(twice)));
    }
    for (name, count) in [
        ("event_id", changes(&|a, b| a.event_id != b.event_id)),
        ("seq", changes(&|a, b| a.seq != b.seq)),
        ("timestamp", changes(&|a, b| a.timestamp != b.timestamp)),
    ] {
        if count > 0 {
            wrong.push(format!("{count} sent again with another {name}"));
        }
    }
    if let Some(conflicts) = evidence.seen.remarks.get("conflict") {
        wrong.push(format!("{conflicts} under an id that another event has"));
    }
    match (wrong.is_empty(), again.is_empty()) {
        (false, _) => kept_if(rules::SAME, false, wrong.join("; ")),
        (true, true) => finding(rules::SAME, Verdict::NotSeen, "nothing had to be sent again"),
        (true, false) => {
            kept_if(rules::SAME, true, format!("{} messages were sent again, none came twice", again.len()))
        }
    }
}

fn order(evidence: &Evidence<'_>, wrong: &[Lack]) -> Finding {
    let read = evidence.stored.values().filter(|stored| !stored.contents.is_empty()).count() as u64;
    match (wrong.is_empty(), read) {
        (true, 0) => return finding(rules::ORDER, Verdict::NotSeen, "nothing that it was told is there"),
        (true, read) => {
            let verb = if read == 1 { "reads as it was" } else { "read as they were" };
            return kept_if(rules::ORDER, true, format!("{} {verb} said", count(read, "session")));
        }
        (false, _) => {}
    }
    kept_if(rules::ORDER, false, format!("{} stand too late in their session: {}", wrong.len(), told(wrong)))
}

/// What the recorder refuses for its own reasons is not the client's fault.
const LATER: [&str; 5] = ["paused", "storage_full", "shutting_down", "overloaded", "not_recording"];

fn well_formed(evidence: &Evidence<'_>) -> Finding {
    let refused = evidence.seen.refused.iter().filter(|(code, _)| !LATER.contains(&code.as_str()));
    let mut wrong: Vec<String> = refused
        .map(|(code, refused)| format!("{} refused with {code}: {}", refused.times, refused.message))
        .collect();
    wrong.extend(evidence.seen.nonsense.iter().cloned());
    match wrong.is_empty() {
        true if evidence.seen.sent.is_empty() => {
            finding(rules::WELL_FORMED, Verdict::NotSeen, "no message was sent")
        }
        true => kept_if(rules::WELL_FORMED, true, "nothing was refused"),
        false => kept_if(rules::WELL_FORMED, false, wrong.join("; ")),
    }
}

fn pause(evidence: &Evidence<'_>) -> Finding {
    let Some(outcome) = evidence.outcome(Fault::Pause) else {
        return finding(rules::PAUSE, Verdict::NotSeen, "recording was not paused");
    };
    match outcome.sent_while_paused.unwrap_or(0) {
        0 if outcome.settled => kept_if(rules::PAUSE, true, "what happened in the pause came after it"),
        0 => kept_if(rules::PAUSE, false, "what happened in the pause did not come after it"),
        times => kept_if(
            rules::PAUSE,
            false,
            format!("{times} messages were sent though it had been told of the pause"),
        ),
    }
}

fn half_open(evidence: &Evidence<'_>) -> Finding {
    match evidence.outcome(Fault::HalfOpen).map(|outcome| outcome.noticed) {
        None => finding(rules::HALF_OPEN, Verdict::NotSeen, "no connection was frozen"),
        Some(Some(true)) => kept_if(rules::HALF_OPEN, true, "it opened another one"),
        Some(_) => {
            kept_if(rules::HALF_OPEN, false, "it waited on a frozen connection until the patience was over")
        }
    }
}

fn comes_back(evidence: &Evidence<'_>, rule: Rule, fault: Fault) -> Finding {
    match evidence.outcome(fault) {
        None => finding(rule, Verdict::NotSeen, format!("«{}» did not happen to it", fault.name())),
        Some(outcome) if outcome.settled => kept_if(rule, true, "it came back and had all acknowledged"),
        Some(_) => kept_if(rule, false, "not everything was acknowledged after it"),
    }
}

fn finish(evidence: &Evidence<'_>, lost: &[Lack]) -> Finding {
    match evidence.end {
        End::TooLate => kept_if(rules::FINISH, false, "it did not end within the patience and was ended"),
        End::Exited(Some(code)) if evidence.early => {
            kept_if(rules::FINISH, false, format!("it ended with code {code} before it was told to"))
        }
        End::Exited(Some(0)) if lost.is_empty() => kept_if(rules::FINISH, true, "it ended with code 0"),
        End::Exited(Some(0)) => kept_if(
            rules::FINISH,
            false,
            format!("it ended with code 0 though {} messages are lost", lost.len()),
        ),
        End::Exited(Some(code)) => kept_if(rules::FINISH, false, format!("it ended with code {code}")),
        End::Exited(None) => kept_if(rules::FINISH, false, "it ended by a signal"),
    }
}

fn pong(evidence: &Evidence<'_>) -> Finding {
    let connections = &evidence.seen.connections;
    let answered = connections.iter().filter(|connection| connection.pongs > 0).count();
    // one ping may come too late to be answered
    let silent =
        connections.iter().filter(|connection| connection.pings >= 2 && connection.pongs == 0).count();
    match (answered, silent) {
        (0, 0) => finding(rules::PONG, Verdict::NotSeen, "no connection was pinged twice"),
        (answered, 0) => kept_if(rules::PONG, true, format!("on {answered} connections")),
        (_, silent) => kept_if(rules::PONG, false, format!("{silent} connections were silent")),
    }
}

/// Whether every message event has this field.
fn has(evidence: &Evidence<'_>, rule: Rule, name: &str, is: impl Fn(&Value) -> bool) -> Finding {
    let events: Vec<&Value> = evidence.stored.values().flat_map(|stored| &stored.events).collect();
    let without = events.iter().filter(|event| !is(event)).count();
    match (events.len(), without) {
        (0, _) => finding(rule, Verdict::NotSeen, "no message came as an event"),
        (all, 0) => kept_if(rule, true, format!("all {all} events have {name}")),
        (all, without) => kept_if(rule, false, format!("{without} of {all} events have no {name}")),
    }
}

fn seq(evidence: &Evidence<'_>) -> Finding {
    let plain = has(evidence, rules::SEQ, "seq", |event| event.get("seq").is_some());
    if plain.verdict != Verdict::Kept {
        return plain;
    }
    let holes: Vec<String> = evidence
        .stored
        .iter()
        .filter(|(_, stored)| !stored.missing.is_empty())
        .map(|(session, stored)| format!("{session} lacks {}", Value::from(stored.missing.clone())))
        .collect();
    let again = evidence.stored.values().map(counted_again).sum::<usize>();
    match (holes.is_empty(), again) {
        (false, _) => kept_if(rules::SEQ, false, format!("there are holes: {}", holes.join("; "))),
        (true, 0) => plain,
        (true, again) => {
            kept_if(rules::SEQ, false, format!("{again} events have a number that another one had"))
        }
    }
}

/// Events with the number of another one that says something else: the counter went back.
fn counted_again(stored: &Stored) -> usize {
    let mut first = BTreeMap::new();
    let number = |event: &Value| event.get("seq").and_then(Value::as_u64);
    let numbered = stored.events.iter().filter_map(|event| Some((number(event)?, event.get("data"))));
    numbered.filter(|(number, said)| *first.entry(*number).or_insert(*said) != *said).count()
}

fn hello(evidence: &Evidence<'_>) -> Finding {
    let connections = &evidence.seen.connections;
    let sockets = || connections.iter().filter(|connection| connection.websocket);
    let mute = sockets().filter(|connection| connection.events_before_hello).count();
    let spoke = sockets().any(|connection| connection.hello.is_some());
    match (mute, sockets().count()) {
        (0, 0) if connections.is_empty() => finding(rules::HELLO, Verdict::NotSeen, "it never connected"),
        (0, 0) => finding(rules::HELLO, Verdict::NotSeen, "it used REST only"),
        (0, _) if !spoke => finding(rules::HELLO, Verdict::NotSeen, "no event came over a WebSocket"),
        (0, _) => kept_if(rules::HELLO, true, "on every connection"),
        (mute, _) => kept_if(rules::HELLO, false, format!("{mute} connections began with events")),
    }
}

/// Tries that a client with a backoff does not reach in the time that the recorder is away.
const HAMMERING: u32 = 15;

fn backoff(evidence: &Evidence<'_>) -> Finding {
    let most = evidence.outcomes.iter().filter_map(|outcome| outcome.knocks).max();
    let paused = evidence.seen.refused.get("paused").map_or(0, |refused| refused.times);
    match most {
        None => finding(rules::BACKOFF, Verdict::NotSeen, "the recorder was never away"),
        Some(knocks) if knocks > HAMMERING => {
            kept_if(rules::BACKOFF, false, format!("{knocks} tries while the recorder was away"))
        }
        Some(_) if paused > u64::from(HAMMERING) => {
            kept_if(rules::BACKOFF, false, format!("{paused} refusals while recording was paused"))
        }
        Some(0) => finding(rules::BACKOFF, Verdict::NotSeen, "no try was seen while the recorder was away"),
        Some(knocks) => {
            kept_if(rules::BACKOFF, true, format!("at most {knocks} tries while the recorder was away"))
        }
    }
}

#[cfg(test)]
mod tests;
