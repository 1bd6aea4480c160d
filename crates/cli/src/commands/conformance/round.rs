//! One round: a recorder, a proxy, a client, and one fault after the other.
//!
//! Owns the order of what is done to the client. Never judges it: what was seen and what is on disk at the end go to `judge`.
//! Invariant: every wait has an end, and a client that does nothing right only makes a round longer.

use super::killing::Promise;
use super::proxy::{Proxy, Strike, Way};
use super::recorder::Recorder;
use super::script::{Episode, Fault, Message};
use super::seen::GRACE;
use super::subject::{End, Subject};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// So long the recorder is away, and recording is paused; the longest silence of a client that is asked to keep something.
pub const AWAY: Duration = Duration::from_millis(1_500);
/// Time between two looks at what is on disk.
const LOOK: Duration = Duration::from_millis(50);
/// Requests that are answered 503.
const REFUSALS: u32 = 2;
/// Tries for a port that is free at both addresses.
const PORTS: usize = 5;

pub struct Round {
    pub recorder: Recorder,
    pub proxy: Proxy,
    pub subject: Subject,
    pub patience: Duration,
}

/// What came of one fault.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub fault: Fault,
    pub round: u32,
    pub messages: usize,
    /// It came to pass: the client sent something for it to strike.
    pub struck: bool,
    /// Everything was on disk, and the client knew it, in time.
    pub settled: bool,
    /// The client left a frozen connection by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noticed: Option<bool>,
    /// Attempts to connect while the recorder was away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knocks: Option<u32>,
    /// Times that a message was sent while paused, by a client that had been told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_while_paused: Option<usize>,
    /// Messages that the client had called kept when it was killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<usize>,
    #[serde(skip)]
    pub promise: Option<Promise>,
}

/// A session at the end of a round: its messages as people read them, and its events that carry messages or pieces of them.
#[derive(Debug, Default)]
pub struct Stored {
    pub contents: Vec<String>,
    pub events: Vec<Value>,
    /// Holes in `seq`, as the recorder names them.
    pub missing: Vec<Value>,
}

impl Outcome {
    /// Whether the client was killed while some messages were not promised.
    pub fn has_open(&self) -> bool {
        self.promise.as_ref().is_some_and(|promise| !promise.open.is_empty())
    }

    /// Those of its messages that have to come.
    fn owed<'a>(&self, messages: &'a [Message]) -> Vec<&'a Message> {
        let is_open = |message: &Message| {
            self.promise.as_ref().is_some_and(|promise| promise.open.contains(&message.number))
        };
        messages.iter().filter(|message| !is_open(message)).collect()
    }
}

impl Round {
    pub async fn start(folder: &Path, command: &[String], patience: Duration) -> Result<Self> {
        for attempt in 1..=PORTS {
            let proxy = Proxy::open().await.context("no port for the proxy")?;
            match Recorder::start(&folder.join("recorder"), proxy.address.port()).await {
                Ok(recorder) => {
                    proxy.lead_to(recorder.address);
                    let place = folder.join("client");
                    std::fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
                    if cfg!(not(target_os = "linux")) {
                        // nothing tells there whose a socket is
                        std::fs::copy(folder.join("recorder/token"), place.join("token"))
                            .context("no token")?;
                    }
                    let subject = Subject::start(command, proxy.address, &place)?;
                    return Ok(Self { recorder, proxy, subject, patience });
                }
                Err(error) if attempt == PORTS => return Err(error),
                Err(_) => {}
            }
        }
        bail!("no port is free for the test recorder")
    }

    /// Does this to the client, and waits until it has got over it.
    pub async fn play(&mut self, episode: &Episode, round: u32) -> Result<Outcome> {
        let mut outcome = Outcome {
            fault: episode.fault,
            round,
            messages: episode.messages.len(),
            struck: true,
            settled: false,
            noticed: None,
            knocks: None,
            sent_while_paused: None,
            kept: None,
            promise: None,
        };
        match episode.fault {
            Fault::Calm => self.feed(&episode.messages).await,
            Fault::Trickle => {
                self.proxy.set(Way::Slow);
                self.feed(&episode.messages).await;
            }
            Fault::Cut => outcome.struck = self.strike(Strike::Cut(episode.place), &episode.messages).await,
            Fault::LostAck => outcome.struck = self.strike(Strike::LoseAnswer, &episode.messages).await,
            Fault::HalfOpen => self.freeze(episode, &mut outcome).await,
            Fault::Kill | Fault::Stop => self.take_away(episode, &mut outcome).await?,
            Fault::Pause => self.pause(episode, &mut outcome).await?,
            Fault::Refuse => self.refuse(episode, &mut outcome).await,
            Fault::KillClient => self.kill_client(episode, &mut outcome).await?,
            Fault::Last => outcome.struck = self.lose_the_last(episode).await,
        }
        outcome.settled = self.settle(&outcome.owed(&episode.messages)).await?;
        self.proxy.set(Way::Open);
        Ok(outcome)
    }

    /// Lets the client end, and says how it did.
    pub async fn end(&mut self) -> Result<End> {
        self.subject.finish(self.patience).await;
        self.subject.end(self.patience).await
    }

    /// What the recorder has of these sessions.
    pub async fn stored(&self, sessions: &BTreeSet<&str>) -> Result<BTreeMap<String, Stored>> {
        let ask = self.recorder.ask()?;
        let mut all = BTreeMap::new();
        for session in sessions {
            let path = format!("/api/recording/sessions/{session}");
            let detail = ask.get(&path).await?;
            let messages = detail.body.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
            let content = |message: &Value| message.get("content").and_then(Value::as_str).map(str::to_owned);
            let events = ask.walk(&format!("{path}/events"), "events").await?;
            let events = events.iter().filter_map(|stored| stored.get("event").cloned());
            let is_message = |event: &Value| {
                matches!(event.get("event_type").and_then(Value::as_str), Some("message" | "message_delta"))
            };
            let stored = Stored {
                contents: messages.iter().filter_map(content).collect(),
                events: events.filter(is_message).collect(),
                missing: detail.body.get("missing").and_then(Value::as_array).cloned().unwrap_or_default(),
            };
            all.insert((*session).to_owned(), stored);
        }
        Ok(all)
    }

    pub async fn feed(&mut self, messages: &[Message]) {
        for line in messages.iter().flat_map(Message::lines) {
            if !self.subject.feed(&line, self.patience).await {
                return;
            }
        }
    }

    /// Whether it struck.
    pub async fn strike(&mut self, strike: Strike, messages: &[Message]) -> bool {
        let mut strikes = self.proxy.strikes();
        strikes.mark_unchanged();
        self.proxy.arm(strike);
        self.feed(messages).await;
        let struck = tokio::select! {
            biased;
            struck = tokio::time::timeout(self.patience, strikes.changed()) => struck.is_ok(),
            // nobody is left to be struck
            () = self.subject.gone() => false,
        };
        self.proxy.disarm();
        struck
    }

    async fn freeze(&mut self, episode: &Episode, outcome: &mut Outcome) {
        outcome.struck = self.strike(Strike::Freeze, &episode.messages).await;
        if !outcome.struck {
            return;
        }
        let known: usize = self.proxy.seen(|seen| seen.connections.len());
        let all: Vec<&Message> = episode.messages.iter().collect();
        let noticed = self.until(async |round| {
            Ok(round.proxy.seen(|seen| seen.connections.len()) > known || round.has_all(&all).await?)
        });
        let noticed = noticed.await.unwrap_or(false);
        outcome.noticed = Some(noticed);
        if !noticed {
            self.proxy.break_all();
        }
    }

    /// Kills or stops the recorder, half of the messages before and half after.
    async fn take_away(&mut self, episode: &Episode, outcome: &mut Outcome) -> Result<()> {
        let half = episode.messages.len() / 2;
        let (before, after) = episode.messages.split_at(half);
        outcome.struck = self.strike(Strike::Tell, before).await;
        self.proxy.set(Way::Down);
        self.proxy.knocks();
        match episode.fault {
            Fault::Kill => self.recorder.kill().await?,
            _ => self.recorder.stop().await?,
        }
        self.feed(after).await;
        tokio::time::sleep(AWAY).await;
        self.recorder.start_again().await?;
        outcome.knocks = Some(self.proxy.knocks());
        self.proxy.set(Way::Open);
        Ok(())
    }

    async fn pause(&mut self, episode: &Episode, outcome: &mut Outcome) -> Result<()> {
        let ask = self.recorder.ask()?;
        let paused = ask.post("/api/recording/pause", &json!({})).await?;
        if paused.status != 200 {
            bail!("the test recorder cannot be paused: {} {}", paused.status, paused.code());
        }
        if self.proxy.seen(|seen| seen.has_open_websocket()) {
            self.until(async |round| Ok(round.proxy.seen(|seen| seen.knows_of_pause()))).await?;
            tokio::time::sleep(GRACE * 2).await;
        }
        let before = self.proxy.seen(|seen| seen.sent.len());
        self.feed(&episode.messages).await;
        tokio::time::sleep(AWAY).await;
        let ignored = self.proxy.seen(|seen| {
            let is_of = |message: &Message, content: &str| {
                message.content == content || message.pieces.iter().any(|piece| piece == content)
            };
            let mine = |content: &str| episode.messages.iter().any(|message| is_of(message, content));
            seen.sent.iter().skip(before).filter(|sent| sent.while_paused && mine(&sent.content)).count()
        });
        outcome.sent_while_paused = Some(ignored);
        ask.post("/api/recording/resume", &json!({})).await?;
        Ok(())
    }

    async fn refuse(&mut self, episode: &Episode, outcome: &mut Outcome) {
        self.proxy.refusals();
        self.proxy.set(Way::Refusing(REFUSALS));
        self.proxy.break_all();
        self.feed(&episode.messages).await;
        let mut refusals = 0;
        let _ = self
            .until(async |round| {
                refusals += round.proxy.refusals();
                Ok(refusals >= REFUSALS)
            })
            .await;
        outcome.struck = refusals > 0;
    }

    /// The end of stdin comes with the last message, and that is lost on the way.
    async fn lose_the_last(&mut self, episode: &Episode) -> bool {
        let mut strikes = self.proxy.strikes();
        strikes.mark_unchanged();
        self.proxy.arm(Strike::Cut(0));
        self.feed(&episode.messages).await;
        self.subject.finish(self.patience).await;
        let struck = tokio::time::timeout(self.patience, strikes.changed()).await.is_ok();
        self.proxy.disarm();
        struck
    }

    /// Until everything is on disk and the client knows it; false where that takes too long. Pieces come before their whole.
    async fn settle(&mut self, messages: &[&Message]) -> Result<bool> {
        let settled = self.until(async |round| {
            let known = round
                .proxy
                .seen(|seen| messages.iter().all(|message| seen.acked.contains(message.content.as_str())));
            Ok(known && round.has_all(messages).await?)
        });
        settled.await
    }

    async fn has_all(&self, messages: &[&Message]) -> Result<bool> {
        let sessions = messages.iter().map(|message| message.session.as_str()).collect();
        let stored = self.stored(&sessions).await?;
        let has = |message: &&Message| {
            stored.get(&message.session).is_some_and(|stored| stored.contents.contains(&message.content))
        };
        Ok(messages.iter().all(has))
    }

    /// Asks until it is so, the patience is over, or the client is.
    async fn until(&mut self, mut ask: impl AsyncFnMut(&Self) -> Result<bool>) -> Result<bool> {
        let end = Instant::now() + self.patience;
        loop {
            if ask(self).await? {
                return Ok(true);
            }
            if Instant::now() > end || self.subject.has_ended() {
                return ask(self).await;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
