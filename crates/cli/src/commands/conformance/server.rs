//! Holds a recorder at some address against the protocol, with a handful of checks.
//!
//! Owns sessions of its own, named `conformance-…`, and deletes them at the end, whatever came of the checks. Never pauses the
//! recorder and never reads a session that it did not make. Invariant: each check is one sentence of the protocol.

use super::ask::Ask;
use anyhow::{Context, Result, bail};
use chasm_client::Endpoint;
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header::AUTHORIZATION};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longest wait for a frame.
const WAIT: Duration = Duration::from_secs(10);
const EVENTS: &str = "/api/recording/events";

/// A sentence of the protocol, and whether it holds.
#[derive(Debug, Serialize)]
pub struct Check {
    pub rule: &'static str,
    pub passed: bool,
    /// What was seen instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
}

pub async fn check(endpoint: Endpoint, seed: u64) -> Result<Vec<Check>> {
    let ask = Ask::of(&endpoint)?;
    ask.get("/api/recording/status").await.map_err(|error| chasm_client::ClientError::Unreachable {
        url: endpoint.url.clone(),
        why: format!("{:#}", error.root_cause()),
    })?;
    // ids that no run had before
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    let trial = Trial { ask, name: format!("conformance-{now}-{seed}"), checks: Vec::new() };
    trial.run().await
}

struct Trial {
    ask: Ask,
    name: String,
    checks: Vec<Check>,
}

/// What does not hold: `None` where it does.
type Found = Result<Option<String>>;

impl Trial {
    async fn run(mut self) -> Result<Vec<Check>> {
        self.over_websocket().await;
        self.over_rest().await;
        self.clean_up().await;
        Ok(self.checks)
    }

    fn note(&mut self, rule: &'static str, found: Found) {
        let what = found.unwrap_or_else(|error| Some(format!("{error:#}")));
        self.checks.push(Check { rule, passed: what.is_none(), what });
    }

    async fn over_websocket(&mut self) {
        let found = self.welcome().await;
        self.note("the first frame of a connection is `welcome`, with protocol 1 and its limits", found);
        let found = self.ack().await;
        self.note("an `ack` covers the frames that count, and only those", found);
        let found = self.hello().await;
        self.note("`hello` is answered with what is on disk: last_seq, events, holes", found);
        let found = self.refusal().await;
        self.note(
            "a refused event is named by frame and index, before the ack; the others are recorded",
            found,
        );
        let found = self.duplicate().await;
        self.note("the same event_id is recorded once, over connections too", found);
        let found = self.unknown_type().await;
        self.note("an unknown event type is kept, with the warning `unknown_event_type`", found);
        let found = self.not_json().await;
        self.note("a frame that is no JSON gets an error, and the connection stays", found);
        let found = self.too_large().await;
        self.note("a frame over the limit gets the error `too_large`, and the connection stays", found);
        let found = self.ping().await;
        self.note("`ping` is answered with `pong` and does not count", found);
        let found = self.binary().await;
        self.note("a binary frame closes with 1003", found);
    }

    async fn over_rest(&mut self) {
        let found = self.answers().await;
        self.note("POST events answers event by event, when they are on disk", found);
        let found = self.order().await;
        self.note("a late event takes the place that its timestamp gives it", found);
        let plain = self.ask.post_as(EVENTS, "text/plain", "[]").await;
        let found = self.expect(plain, 415, "unsupported_media_type");
        self.note("POST of another type than JSON is 415", found);
        let torn = self.ask.post_as(EVENTS, "application/json", "{").await;
        let found = self.expect(torn, 400, "bad_json");
        self.note("a body that is no JSON is 400", found);
        let refused = self.ask.post(EVENTS, &json!([{"session_id": self.name}])).await;
        let found = self.expect(refused, 422, "");
        self.note("422 where every event is refused", found);
        let unknown = self.ask.get(&format!("/api/recording/sessions/{}-none", self.name)).await;
        let found = self.expect(unknown, 404, "not_found");
        self.note("an unknown session is 404", found);
    }

    fn expect(&self, answer: Result<super::ask::Answer>, status: u16, code: &str) -> Found {
        let answer = answer?;
        let same = answer.status == status && (code.is_empty() || answer.code() == code);
        Ok((!same).then(|| format!("it was {} {}", answer.status, answer.code())))
    }

    fn session(&self, of: &str) -> String {
        format!("{}-{of}", self.name)
    }

    fn event(&self, of: &str, n: u64) -> Value {
        json!({
            "session_id": self.session(of), "event_type": "message", "event_id": format!("e{n}"), "seq": n,
            "timestamp": 1_767_225_600_000_u64 + n, "data": {"role": "user", "content": format!("message {n}")},
        })
    }

    async fn welcome(&self) -> Found {
        let talk = Talk::open(&self.ask).await?;
        let welcome = talk.welcome;
        let good = welcome.get("type") == Some(&json!("welcome"))
            && welcome.get("protocol") == Some(&json!(1))
            && ["max_frame_bytes", "heartbeat_secs"]
                .iter()
                .all(|key| welcome.get(key).is_some_and(Value::is_u64))
            && welcome.get("paused").is_some_and(Value::is_boolean);
        Ok((!good).then(|| welcome.to_string()))
    }

    async fn ack(&self) -> Found {
        let mut talk = Talk::open(&self.ask).await?;
        talk.say(&self.event("ws", 1)).await?;
        talk.say(&json!({"type": "ping"})).await?;
        talk.say(&json!([self.event("ws", 2), self.event("ws", 4)])).await?;
        let heard = talk.until_ack(2).await?;
        let sum = |key: &str| heard.iter().filter_map(|frame| frame.get(key)?.as_u64()).sum::<u64>();
        let good = talk.through == 2 && sum("recorded") == 3 && sum("duplicates") == 0;
        Ok((!good).then(|| Value::from(heard).to_string()))
    }

    async fn hello(&self) -> Found {
        let mut talk = Talk::open(&self.ask).await?;
        let session = self.session("ws");
        talk.say(&json!({"type": "hello", "client": "chasm-conformance/1", "sessions": [session]})).await?;
        let resume = talk.until("resume").await?;
        let point = resume.get("sessions").and_then(|sessions| sessions.get(&session)).cloned();
        let wanted = json!({"last_seq": 4, "events": 3, "missing": [[3, 3]]});
        Ok((point.as_ref() != Some(&wanted)).then(|| resume.to_string()))
    }

    async fn refusal(&self) -> Found {
        let mut talk = Talk::open(&self.ask).await?;
        talk.say(&json!([self.event("refusal", 1), {"session_id": self.name, "event_id": "bad"}])).await?;
        let heard = talk.until_ack(1).await?;
        let error = heard.iter().find(|frame| frame.get("type") == Some(&json!("error")));
        let field = |key: &str| error.and_then(|error| error.get(key)).cloned().unwrap_or_default();
        let good = (field("frame"), field("index"), field("event_id")) == (json!(1), json!(1), json!("bad"))
            && field("message").is_string()
            && heard.last().and_then(|ack| ack.get("recorded")) == Some(&json!(1));
        Ok((!good).then(|| Value::from(heard).to_string()))
    }

    async fn duplicate(&self) -> Found {
        for _ in 0..2 {
            let mut talk = Talk::open(&self.ask).await?;
            talk.say(&json!([self.event("same", 1), self.event("same", 1)])).await?;
            talk.until_ack(1).await?;
        }
        let events = self.stored("same").await?;
        Ok((events.len() != 1).then(|| format!("it is there {} times", events.len())))
    }

    async fn unknown_type(&self) -> Found {
        let mut talk = Talk::open(&self.ask).await?;
        let session = self.session("other");
        talk.say(&json!({"session_id": session, "event_type": "conformance.thing", "data": {"a": [1]}}))
            .await?;
        let heard = talk.until_ack(1).await?;
        let warned = heard.iter().any(|frame| frame.get("code") == Some(&json!("unknown_event_type")));
        let kept = self.stored("other").await?;
        let verbatim =
            kept.first().and_then(|stored| stored.pointer("/event/data")) == Some(&json!({"a": [1]}));
        Ok((!warned || !verbatim).then(|| Value::from([heard, kept].concat()).to_string()))
    }

    async fn not_json(&self) -> Found {
        let mut talk = Talk::open(&self.ask).await?;
        talk.put(Message::text("{\"session_id\":")).await?;
        talk.say(&self.event("stays", 1)).await?;
        let heard = talk.until_ack(2).await?;
        let named =
            heard.iter().any(|f| f.get("type") == Some(&json!("error")) && f.get("frame") == Some(&json!(1)));
        Ok((!named).then(|| Value::from(heard).to_string()))
    }

    async fn too_large(&self) -> Found {
        let mut talk = Talk::open(&self.ask).await?;
        let limit =
            talk.welcome.get("max_frame_bytes").and_then(Value::as_u64).context("no max_frame_bytes")?;
        let mut large = self.event("stays", 2);
        if let Some(content) = large.pointer_mut("/data/content") {
            *content = "x".repeat(usize::try_from(limit)?.min(256 << 20)).into();
        }
        talk.say(&large).await?;
        talk.say(&self.event("stays", 3)).await?;
        let heard = talk.until_ack(2).await?;
        let named = heard
            .iter()
            .any(|f| f.get("code") == Some(&json!("too_large")) && f.get("frame") == Some(&json!(1)));
        Ok((!named).then(|| Value::from(heard).to_string()))
    }

    async fn ping(&self) -> Found {
        let mut talk = Talk::open(&self.ask).await?;
        talk.say(&json!({"type": "ping"})).await?;
        talk.until("pong").await?;
        talk.say(&self.event("stays", 4)).await?;
        talk.until_ack(1).await?;
        Ok((talk.through != 1).then(|| format!("the ack said {}", talk.through)))
    }

    async fn binary(&self) -> Found {
        let mut talk = Talk::open(&self.ask).await?;
        talk.put(Message::binary(vec![0])).await?;
        match talk.hear().await {
            Err(error) if error.to_string().contains("1003") => Ok(None),
            Err(error) => Ok(Some(format!("{error:#}"))),
            Ok(frame) => Ok(Some(frame.to_string())),
        }
    }

    async fn answers(&self) -> Found {
        let bad = json!({"session_id": self.session("rest"), "event_id": "bad", "event_type": "message", "data": {}});
        let batch = json!([self.event("rest", 1), self.event("rest", 1), bad]);
        let answer = self.ask.post(EVENTS, &batch).await?;
        let results = answer.body.get("results").and_then(Value::as_array).cloned().unwrap_or_default();
        let said: Vec<&str> = results.iter().filter_map(|result| result.get("status")?.as_str()).collect();
        let good = answer.status == 200 && said == ["recorded", "duplicate", "rejected"];
        Ok((!good).then(|| format!("{} {}", answer.status, answer.body)))
    }

    async fn order(&self) -> Found {
        for n in [3, 1, 2] {
            self.ask.post(EVENTS, &self.event("late", n)).await?;
        }
        let path = format!("/api/recording/sessions/{}", self.session("late"));
        let detail = self.ask.get(&path).await?.body;
        let messages = detail.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
        let read: Vec<&str> =
            messages.iter().filter_map(|message| message.get("content")?.as_str()).collect();
        Ok((read != ["message 1", "message 2", "message 3"]).then(|| format!("{read:?}")))
    }

    async fn stored(&self, of: &str) -> Result<Vec<Value>> {
        self.ask.walk(&format!("/api/recording/sessions/{}/events", self.session(of)), "events").await
    }

    /// Deletes what was made. 404 is well: a check may have failed before it made something.
    async fn clean_up(&mut self) {
        let mut left = Vec::new();
        for of in ["ws", "refusal", "same", "other", "stays", "rest", "late"] {
            let session = self.session(of);
            let deleted = self.ask.delete(&format!("/api/recording/sessions/{session}")).await;
            if !deleted.is_ok_and(|answer| [204, 404].contains(&answer.status)) {
                left.push(session);
            }
        }
        let found = (!left.is_empty()).then(|| format!("left behind: {}", left.join(", ")));
        self.note("DELETE of a session is answered 204", Ok(found));
    }
}

/// A connection that counts its acks.
struct Talk {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    welcome: Value,
    through: u64,
}

impl Talk {
    async fn open(ask: &Ask) -> Result<Self> {
        let address = format!("ws{}/ws/recording", ask.url.strip_prefix("http").unwrap_or(&ask.url));
        let mut request = address.into_client_request()?;
        if let Some(token) = &ask.token {
            request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
        }
        let opening = tokio_tungstenite::connect_async(request);
        let (socket, _) =
            tokio::time::timeout(WAIT, opening).await.context("no answer to the handshake")??;
        let mut talk = Self { socket, welcome: Value::Null, through: 0 };
        talk.welcome = talk.hear().await?;
        Ok(talk)
    }

    async fn say(&mut self, frame: &Value) -> Result<()> {
        self.put(Message::text(frame.to_string())).await
    }

    async fn put(&mut self, message: Message) -> Result<()> {
        tokio::time::timeout(WAIT, self.socket.send(message)).await.context("it reads no more")??;
        Ok(())
    }

    /// The next text frame.
    async fn hear(&mut self) -> Result<Value> {
        loop {
            let next = tokio::time::timeout(WAIT, self.socket.next());
            match next.await.context("nothing came")? {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text)?),
                Some(Ok(Message::Close(frame))) => {
                    bail!("it closed with {}", frame.map_or(1005, |frame| u16::from(frame.code)))
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => bail!("it closed without a word"),
            }
        }
    }

    async fn until(&mut self, kind: &str) -> Result<Value> {
        loop {
            let frame = self.hear().await?;
            if frame.get("type").and_then(Value::as_str) == Some(kind) {
                return Ok(frame);
            }
        }
    }

    /// All frames up to the ack that covers this one.
    async fn until_ack(&mut self, through: u64) -> Result<Vec<Value>> {
        let mut heard = Vec::new();
        while self.through < through {
            let frame = self.hear().await?;
            if frame.get("type") == Some(&json!("ack")) {
                self.through = frame.get("through").and_then(Value::as_u64).unwrap_or(0);
            }
            heard.push(frame);
        }
        Ok(heard)
    }
}
