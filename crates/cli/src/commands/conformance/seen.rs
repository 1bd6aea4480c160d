//! What passed between client and recorder, as the proxy saw it.
//!
//! Owns the record of connections, of events that were sent, and of what the client was told is on disk. Never decides whether
//! that is right; `judge` does. Invariant: a message counts as acknowledged only where the answer that says so was passed on.

use super::wire::{What, header};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Everything that was seen in one round.
#[derive(Debug, Default)]
pub struct Seen {
    pub connections: Vec<Connection>,
    pub sent: Vec<Sent>,
    /// Contents that the client was told are on disk.
    pub acked: BTreeSet<String>,
    /// Refusals and remarks that the client got, by code.
    pub refused: BTreeMap<String, Refused>,
    pub remarks: BTreeMap<String, u64>,
    /// What a client may not do on the wire, in words.
    pub nonsense: BTreeSet<String>,
}

#[derive(Debug, Default)]
pub struct Refused {
    pub times: u64,
    pub message: String,
}

/// One connection of the client.
#[derive(Debug, Default)]
pub struct Connection {
    pub websocket: bool,
    pub hello: Option<Vec<String>>,
    /// Events were sent before `hello`.
    pub events_before_hello: bool,
    pub paused_since: Option<Instant>,
    pub pings: u64,
    pub pongs: u64,
    pub gone: bool,
    /// Counted frames, with the numbers of what they carried in [`Seen::sent`].
    frames: Vec<Vec<usize>>,
    acked: usize,
    /// Requests without an answer yet, oldest first.
    requests: std::collections::VecDeque<Vec<usize>>,
}

/// A message, or a piece of one, each time that it was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub session: String,
    pub content: String,
    pub event_id: Option<String>,
    pub seq: Option<u64>,
    pub timestamp: Option<Value>,
    /// The user had paused recording, and this client had been told for longer than [`GRACE`].
    pub while_paused: bool,
}

/// What is on the way when the word of a pause comes is nobody's fault.
pub const GRACE: Duration = Duration::from_millis(500);

/// What a piece from the client means for the faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Messages,
    Other,
}

impl Seen {
    /// A new connection; its number.
    pub fn connect(&mut self) -> usize {
        self.connections.push(Connection::default());
        self.connections.len() - 1
    }

    pub fn gone(&mut self, number: usize) {
        if let Some(connection) = self.connections.get_mut(number) {
            connection.gone = true;
        }
    }

    /// From the client.
    pub fn client_said(&mut self, number: usize, what: &What) -> Kind {
        match what {
            What::Http { line, headers, body } => return self.request(number, line, headers, body),
            What::Text { text, masked } => {
                if !masked {
                    self.nonsense.insert("a frame without a mask: RFC 6455 wants one from a client".into());
                }
                return self.frame(number, text);
            }
            What::Nonsense(why) => drop(self.nonsense.insert(why.clone())),
            What::Binary => drop(self.nonsense.insert("a binary frame: the protocol has text frames".into())),
            What::Pong => self.on(number, |connection| connection.pongs += 1),
            What::Ping | What::Close(_) => {}
        }
        Kind::Other
    }

    /// From the recorder, and passed on to the client.
    pub fn recorder_said(&mut self, number: usize, what: &What) {
        match what {
            What::Http { line, body, .. } => self.answer(number, line, body),
            What::Text { text, .. } => {
                if let Ok(frame) = serde_json::from_str::<Value>(text) {
                    self.told(number, &frame);
                }
            }
            What::Ping => self.on(number, |connection| connection.pings += 1),
            _ => {}
        }
    }

    /// Whether a client is connected that has been told of a pause.
    pub fn knows_of_pause(&self) -> bool {
        self.connections.iter().any(|connection| !connection.gone && connection.paused_since.is_some())
    }

    pub fn has_open_websocket(&self) -> bool {
        self.connections.iter().any(|connection| connection.websocket && !connection.gone)
    }

    fn on(&mut self, number: usize, act: impl FnOnce(&mut Connection)) {
        if let Some(connection) = self.connections.get_mut(number) {
            act(connection);
        }
    }

    fn request(&mut self, number: usize, line: &str, headers: &str, body: &[u8]) -> Kind {
        if header(headers, "upgrade") == Some("websocket") {
            self.on(number, |connection| connection.websocket = true);
            return Kind::Other;
        }
        let mut sent = Vec::new();
        if line.starts_with("POST /api/recording/events")
            && let Ok(value) = serde_json::from_slice::<Value>(body)
        {
            sent = self.messages(number, value.get("events").unwrap_or(&value));
        }
        let kind = if sent.is_empty() { Kind::Other } else { Kind::Messages };
        self.on(number, |connection| connection.requests.push_back(sent));
        kind
    }

    fn frame(&mut self, number: usize, text: &str) -> Kind {
        let value = serde_json::from_str::<Value>(text);
        if let Ok(value) = &value
            && let (Some(kind), None) = (value.get("type").and_then(Value::as_str), value.get("event_type"))
        {
            if kind == "hello" {
                let names = value.get("sessions").and_then(Value::as_array).into_iter().flatten();
                let names = names.filter_map(|name| name.as_str().map(str::to_owned)).collect();
                self.on(number, |connection| connection.hello = Some(names));
            }
            return Kind::Other;
        }
        let sent = value.map(|value| self.messages(number, &value)).unwrap_or_default();
        let kind = if sent.is_empty() { Kind::Other } else { Kind::Messages };
        self.on(number, |connection| {
            connection.events_before_hello |= connection.hello.is_none();
            connection.frames.push(sent);
        });
        kind
    }

    /// Notes the messages, and pieces of messages, of an event or an array of events.
    fn messages(&mut self, number: usize, value: &Value) -> Vec<usize> {
        let one = std::slice::from_ref(value);
        let events = value.as_array().map_or(one, Vec::as_slice);
        let paused = self.connections.get(number).and_then(|connection| connection.paused_since);
        let while_paused = paused.is_some_and(|since| since.elapsed() > GRACE);
        let mut places = Vec::new();
        for event in events {
            let field = match text(event, "event_type") {
                Some("message") => "content",
                Some("message_delta") => "delta",
                _ => continue,
            };
            let Some(content) = event.get("data").and_then(|data| text(data, field)) else { continue };
            places.push(self.sent.len());
            self.sent.push(Sent {
                session: text(event, "session_id").unwrap_or_default().to_owned(),
                content: content.to_owned(),
                event_id: text(event, "event_id").map(str::to_owned),
                seq: event.get("seq").and_then(Value::as_u64),
                timestamp: event.get("timestamp").filter(|at| !at.is_null()).cloned(),
                while_paused,
            });
        }
        places
    }

    fn answer(&mut self, number: usize, line: &str, body: &[u8]) {
        let status: u16 = line.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
        if (100..200).contains(&status) {
            return;
        }
        let Some(connection) = self.connections.get_mut(number) else { return };
        let Some(sent) = connection.requests.pop_front() else { return };
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        if let Some(error) = value.get("error") {
            self.refuse(error);
            return;
        }
        for result in value.get("results").and_then(Value::as_array).into_iter().flatten() {
            match (text(result, "status"), text(result, "warning")) {
                (Some("rejected"), _) => self.refuse(result),
                (_, Some(code)) => *self.remarks.entry(code.to_owned()).or_default() += 1,
                _ => {}
            }
        }
        if status == 200 {
            self.acknowledge(&sent);
        }
    }

    fn told(&mut self, number: usize, frame: &Value) {
        match text(frame, "type") {
            Some("ack") => {
                let through = frame.get("through").and_then(Value::as_u64).unwrap_or(0);
                let Some(connection) = self.connections.get_mut(number) else { return };
                let through = usize::try_from(through).unwrap_or(0);
                let covered: Vec<usize> = connection
                    .frames
                    .iter()
                    .take(through)
                    .skip(connection.acked)
                    .flatten()
                    .copied()
                    .collect();
                connection.acked = connection.acked.max(through);
                self.acknowledge(&covered);
            }
            Some("resume") => self.resume(frame),
            Some("error") => self.refuse(frame),
            Some("warning") => {
                let code = text(frame, "code").unwrap_or_default().to_owned();
                *self.remarks.entry(code).or_default() += 1;
            }
            Some("welcome") if frame.get("paused") == Some(&Value::Bool(true)) => self.pause(number, true),
            Some("paused") => self.pause(number, true),
            Some("resumed") => self.pause(number, false),
            _ => {}
        }
    }

    fn pause(&mut self, number: usize, paused: bool) {
        self.on(number, |connection| connection.paused_since = paused.then(Instant::now));
    }

    fn refuse(&mut self, error: &Value) {
        let code = text(error, "code").unwrap_or("unknown").to_owned();
        let refused = self.refused.entry(code).or_default();
        refused.times += 1;
        refused.message = text(error, "message").unwrap_or_default().to_owned();
    }

    fn acknowledge(&mut self, places: &[usize]) {
        let contents =
            places.iter().filter_map(|place| self.sent.get(*place)).map(|sent| sent.content.clone());
        self.acked.extend(contents);
    }

    /// A client that was told what is there need not send it again.
    fn resume(&mut self, frame: &Value) {
        let Some(sessions) = frame.get("sessions").and_then(Value::as_object) else { return };
        for (session, point) in sessions {
            let last = point.get("last_seq").and_then(Value::as_u64).unwrap_or(0);
            let holes: Vec<(u64, u64)> = point
                .get("missing")
                .cloned()
                .and_then(|m| serde_json::from_value(m).ok())
                .unwrap_or_default();
            let is_there =
                |seq: u64| seq <= last && !holes.iter().any(|(from, to)| (*from..=*to).contains(&seq));
            let there =
                self.sent.iter().filter(|sent| sent.session == *session && sent.seq.is_some_and(is_there));
            self.acked.extend(there.map(|sent| sent.content.clone()));
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sends(n: u64) -> What {
        let event = serde_json::json!({"session_id": "s", "event_type": "message", "seq": n,
            "data": {"role": "user", "content": format!("m{n}")}});
        What::Text { text: event.to_string(), masked: true }
    }

    fn says(frame: &str) -> What {
        What::Text { text: frame.into(), masked: false }
    }

    #[test]
    fn acks_cover_the_frames_that_count() {
        let mut seen = Seen::default();
        let number = seen.connect();
        seen.client_said(
            number,
            &What::Text { text: r#"{"type":"hello","sessions":["s"]}"#.into(), masked: true },
        );
        for n in 1..=3 {
            assert_eq!(seen.client_said(number, &sends(n)), Kind::Messages);
        }
        seen.recorder_said(number, &says(r#"{"type":"ack","through":2,"recorded":2,"duplicates":0}"#));
        assert_eq!(seen.acked.iter().collect::<Vec<_>>(), ["m1", "m2"]);
        assert!(!seen.connections[0].events_before_hello);
        let number = seen.connect();
        seen.recorder_said(
            number,
            &says(r#"{"type":"resume","sessions":{"s":{"last_seq":3,"missing":[[2,2]]}}}"#),
        );
        assert!(seen.acked.contains("m3"));
    }

    #[test]
    fn a_post_is_acknowledged_by_its_own_answer() {
        let mut seen = Seen::default();
        let number = seen.connect();
        let What::Text { text, .. } = sends(1) else { unreachable!() };
        let post = What::Http {
            line: "POST /api/recording/events HTTP/1.1".into(),
            headers: "host: x".into(),
            body: text.into_bytes(),
        };
        seen.client_said(number, &post);
        let answer = |status: &str, body: &str| What::Http {
            line: format!("HTTP/1.1 {status}"),
            headers: String::new(),
            body: body.as_bytes().to_vec(),
        };
        seen.recorder_said(number, &answer("503 x", r#"{"error":{"code":"paused","message":"wait"}}"#));
        assert!(seen.acked.is_empty());
        assert_eq!(seen.refused["paused"].times, 1);
        seen.client_said(number, &post);
        seen.recorder_said(number, &answer("200 OK", r#"{"results":[]}"#));
        assert!(seen.acked.contains("m1"));
    }
}
