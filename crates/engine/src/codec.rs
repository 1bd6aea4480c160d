//! The engine's records in the journal: their bytes, in both directions.
//!
//! Owns the record kinds. Never looks at files. Invariant: a kind number and its layout never change their meaning; a new
//! layout is a new kind. All numbers are little endian.

use chasm_protocol::session::InterruptionReason;
use chasm_protocol::{ConnectionId, SessionId, Timestamp};
use chasm_store::EventRowKind;

/// One record, as it is written and read back.
#[derive(Debug, Clone, PartialEq)]
pub enum Record<'a> {
    /// An accepted event; everything else about it is read from `raw` again.
    Event { received_at: Timestamp, connection: ConnectionId, kind: EventRowKind, raw: &'a str },
    /// An accepted snapshot; `body` is JSON.
    Snapshot { received_at: Timestamp, taken_at: Timestamp, session: SessionId, body: &'a str },
    /// What an editor's file says of a session; `source` and `body` are JSON.
    EditorFile {
        received_at: Timestamp,
        taken_at: Timestamp,
        session: SessionId,
        source: &'a str,
        body: &'a str,
    },
    /// A session was marked as interrupted.
    Interrupted { at: Timestamp, reason: InterruptionReason, since: Timestamp, session: SessionId },
    /// The events of an interrupted or recovered session came again.
    Resumed { at: Timestamp, session: SessionId },
    /// The way to the disk was tried out. Says nothing of any session.
    Probe { at: Timestamp },
}

/// Why bytes are no record of this engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    #[error("unknown record kind {0}: written by a newer version?")]
    UnknownKind(u8),
    #[error("record is cut short")]
    Short,
    #[error("record holds text that is not UTF-8")]
    NotText,
    #[error("record names an impossible {0}")]
    Impossible(&'static str),
}

const EVENT: u8 = 1;
const SNAPSHOT: u8 = 2;
const INTERRUPTED: u8 = 3;
const RESUMED: u8 = 4;
const PROBE: u8 = 5;
const EDITOR_FILE: u8 = 6;

impl Record<'_> {
    /// Appends the record's bytes through `put`.
    pub fn encode(&self, put: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Event { received_at, connection, kind, raw } => {
                put(&[EVENT]);
                put(&received_at.as_micros().to_le_bytes());
                put(&connection.0.to_le_bytes());
                put(&[*kind as u8]);
                put(raw.as_bytes());
            }
            Self::Snapshot { received_at, taken_at, session, body } => {
                put(&[SNAPSHOT]);
                put(&received_at.as_micros().to_le_bytes());
                put(&taken_at.as_micros().to_le_bytes());
                put(&(session.as_str().len() as u16).to_le_bytes());
                put(session.as_str().as_bytes());
                put(body.as_bytes());
            }
            Self::EditorFile { received_at, taken_at, session, source, body } => {
                put(&[EDITOR_FILE]);
                put(&received_at.as_micros().to_le_bytes());
                put(&taken_at.as_micros().to_le_bytes());
                put(&(session.as_str().len() as u16).to_le_bytes());
                put(session.as_str().as_bytes());
                put(&(source.len() as u32).to_le_bytes());
                put(source.as_bytes());
                put(body.as_bytes());
            }
            Self::Interrupted { at, reason, since, session } => {
                put(&[INTERRUPTED]);
                put(&at.as_micros().to_le_bytes());
                put(&[*reason as u8]);
                put(&since.as_micros().to_le_bytes());
                put(session.as_str().as_bytes());
            }
            Self::Resumed { at, session } => {
                put(&[RESUMED]);
                put(&at.as_micros().to_le_bytes());
                put(session.as_str().as_bytes());
            }
            Self::Probe { at } => {
                put(&[PROBE]);
                put(&at.as_micros().to_le_bytes());
            }
        }
    }
}

/// Reads one record.
pub fn decode(bytes: &[u8]) -> Result<Record<'_>, CodecError> {
    let mut input = Input(bytes);
    match input.byte()? {
        EVENT => Ok(Record::Event {
            received_at: input.time()?,
            connection: ConnectionId(u64::from_le_bytes(input.take()?)),
            kind: row_kind(input.byte()?)?,
            raw: input.rest()?,
        }),
        SNAPSHOT => {
            let (received_at, taken_at) = (input.time()?, input.time()?);
            let session = input.session_of(usize::from(u16::from_le_bytes(input.clone().take()?)))?;
            Ok(Record::Snapshot { received_at, taken_at, session, body: input.rest()? })
        }
        EDITOR_FILE => {
            let (received_at, taken_at) = (input.time()?, input.time()?);
            let session = input.session_of(usize::from(u16::from_le_bytes(input.clone().take()?)))?;
            let source = input.text_of()?;
            Ok(Record::EditorFile { received_at, taken_at, session, source, body: input.rest()? })
        }
        INTERRUPTED => {
            let at = input.time()?;
            let reason = InterruptionReason::from_number(i64::from(input.byte()?))
                .ok_or(CodecError::Impossible("reason"))?;
            Ok(Record::Interrupted { at, reason, since: input.time()?, session: input.session()? })
        }
        RESUMED => Ok(Record::Resumed { at: input.time()?, session: input.session()? }),
        PROBE => Ok(Record::Probe { at: input.time()? }),
        kind => Err(CodecError::UnknownKind(kind)),
    }
}

fn row_kind(n: u8) -> Result<EventRowKind, CodecError> {
    match n {
        1 => Ok(EventRowKind::Folded),
        2 => Ok(EventRowKind::Other),
        3 => Ok(EventRowKind::Conflict),
        4 => Ok(EventRowKind::Silent),
        _ => Err(CodecError::Impossible("kind of event")),
    }
}

#[derive(Clone)]
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(CodecError::Short)?;
        self.0 = rest;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8, CodecError> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn time(&mut self) -> Result<Timestamp, CodecError> {
        self.take().map(|bytes| Timestamp::from_micros(i64::from_le_bytes(bytes)))
    }

    fn rest(&mut self) -> Result<&'a str, CodecError> {
        std::str::from_utf8(std::mem::take(&mut self.0)).map_err(|_| CodecError::NotText)
    }

    /// A text whose length stands before it.
    fn text_of(&mut self) -> Result<&'a str, CodecError> {
        let len = u32::from_le_bytes(self.take()?);
        let len = usize::try_from(len).map_err(|_| CodecError::Short)?;
        let (head, rest) = self.0.split_at_checked(len).ok_or(CodecError::Short)?;
        self.0 = rest;
        Input(head).rest()
    }

    fn session(&mut self) -> Result<SessionId, CodecError> {
        SessionId::new(self.rest()?).map_err(|_| CodecError::Impossible("session"))
    }

    /// The session whose length stands before it.
    fn session_of(&mut self, len: usize) -> Result<SessionId, CodecError> {
        let _: [u8; 2] = self.take()?;
        let (head, rest) = self.0.split_at_checked(len).ok_or(CodecError::Short)?;
        self.0 = rest;
        Input(head).session()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_record() -> impl Strategy<Value = (i64, i64, u64, u8, String, String)> {
        (any::<i64>(), any::<i64>(), any::<u64>(), 0u8..6, "[^\\p{Cc}]{1,40}", ".{0,200}")
    }

    proptest! {
        #[test]
        fn every_record_reads_back((at, since, conn, kind, session, text) in any_record()) {
            let session = SessionId::new(session).unwrap();
            let (at, since) = (Timestamp::from_micros(at), Timestamp::from_micros(since));
            let record = match kind {
                0 => Record::Event { received_at: at, connection: ConnectionId(conn), kind: EventRowKind::Other, raw: &text },
                1 => Record::Snapshot { received_at: at, taken_at: since, session, body: &text },
                2 => Record::Interrupted { at, reason: InterruptionReason::Timeout, since, session },
                3 => Record::Resumed { at, session },
                4 => Record::EditorFile { received_at: at, taken_at: since, session, source: &text, body: &text },
                _ => Record::Probe { at },
            };
            let mut bytes = Vec::new();
            record.encode(&mut |part| bytes.extend_from_slice(part));
            prop_assert_eq!(decode(&bytes).unwrap(), record);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(&bytes);
        }
    }
}
