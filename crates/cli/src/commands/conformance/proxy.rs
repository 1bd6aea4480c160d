//! The wire between client and recorder, which can break in every way that wires do.
//!
//! Owns the port that the client knows, and every connection to it. It passes bytes on unchanged but for one header (see
//! [`shorten_wait`]), and never makes up a frame. Invariant: a fault that was armed strikes once, at the next messages.
//!
//! The recorder listens at another loopback address with the same port, so that `Host` is right for both.

use super::seen::{Kind, Seen};
use super::wire::{Piece, Tap, What};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What strikes at the next messages from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// So many thousandths of it are passed on, then the connection breaks.
    Cut(u64),
    /// It is passed on; nothing comes back until the recorder has answered, then the connection breaks.
    LoseAnswer,
    /// Neither it nor anything after it passes.
    Freeze,
    /// It passes; whoever waits is told.
    Tell,
}

/// How the wire is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Pieces of a few bytes.
    Slow,
    /// Connections are broken off at once.
    Down,
    /// So many requests are answered with 503, then it is open.
    Refusing(u32),
}

pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    state: Mutex<State>,
    seen: Mutex<Seen>,
    /// Goes up when all connections are to break.
    breaks: watch::Sender<u64>,
    /// Goes up when a strike was made, or came to its end.
    strikes: watch::Sender<u64>,
}

struct State {
    recorder: Option<SocketAddr>,
    way: Way,
    strike: Option<Strike>,
    /// Connections that came while it was down.
    knocks: u32,
    refusals: u32,
}

/// Bytes read at a time, and in slow times.
const CHUNK: usize = 64 << 10;
const DRIP: usize = 7;

impl Proxy {
    pub async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = State { recorder: None, way: Way::Open, strike: None, knocks: 0, refusals: 0 };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            seen: Mutex::default(),
            breaks: watch::Sender::new(0),
            strikes: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { address, shared, accepting })
    }

    pub fn lead_to(&self, recorder: SocketAddr) {
        self.shared.state().recorder = Some(recorder);
    }

    pub fn set(&self, way: Way) {
        self.shared.state().way = way;
    }

    pub fn arm(&self, strike: Strike) {
        self.shared.state().strike = Some(strike);
    }

    /// What was armed strikes no more; whether it had not struck.
    pub fn disarm(&self) -> bool {
        self.shared.state().strike.take().is_some()
    }

    /// Strikes that were made so far. A lost answer counts when it is lost.
    pub fn strikes(&self) -> watch::Receiver<u64> {
        self.shared.strikes.subscribe()
    }

    /// Breaks every connection.
    pub fn break_all(&self) {
        self.shared.breaks.send_modify(|n| *n += 1);
    }

    /// How often somebody came while it was down, since the last question.
    pub fn knocks(&self) -> u32 {
        std::mem::take(&mut self.shared.state().knocks)
    }

    /// How many were refused since the last question.
    pub fn refusals(&self) -> u32 {
        std::mem::take(&mut self.shared.state().refusals)
    }

    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.shared.seen())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.break_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn struck(&self) {
        self.strikes.send_modify(|n| *n += 1);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let way = shared.state().way;
        if way == Way::Down {
            shared.state().knocks += 1;
            continue;
        }
        tokio::spawn(carry(client, shared.clone()));
    }
}

async fn carry(client: TcpStream, shared: Arc<Shared>) {
    let number = shared.seen().connect();
    let mut breaks = shared.breaks.subscribe();
    let talk = async {
        let Some(to) = shared.state().recorder else { return };
        let Ok(recorder) = TcpStream::connect(to).await else { return };
        let _ = (client.set_nodelay(true), recorder.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_recorder, to_recorder) = recorder.into_split();
        let mut link = Link {
            shared: shared.clone(),
            number,
            up: Tap::default(),
            down: Tap::default(),
            to_client,
            to_recorder,
            mood: Mood::Passing,
        };
        // whichever way it ends, both halves of both sides are dropped here
        let _ = link.run(from_client, from_recorder).await;
    };
    tokio::select! {
        () = talk => {}
        _ = breaks.changed() => {}
    }
    shared.seen().gone(number);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Passing,
    /// Swallows what the recorder says, until it has answered.
    Deaf,
    /// Swallows everything.
    Frozen,
}

/// Both directions of one connection.
struct Link {
    shared: Arc<Shared>,
    number: usize,
    up: Tap,
    down: Tap,
    to_client: OwnedWriteHalf,
    to_recorder: OwnedWriteHalf,
    mood: Mood,
}

impl Link {
    /// Until either side is gone or a fault ends it: that is `Err` too.
    async fn run(&mut self, mut client: OwnedReadHalf, mut recorder: OwnedReadHalf) -> io::Result<()> {
        let (mut up, mut down) = (vec![0; CHUNK], vec![0; CHUNK]);
        loop {
            tokio::select! {
                read = client.read(&mut up) => {
                    let bytes = some(&up, read?)?;
                    self.client_said(bytes).await?;
                }
                read = recorder.read(&mut down) => match some(&down, read?) {
                    Ok(bytes) => self.recorder_said(bytes).await?,
                    // a frozen wire shows no end
                    Err(_) if self.mood == Mood::Frozen => self.stay(&mut client).await?,
                    Err(end) => return Err(end),
                },
            }
        }
    }

    /// Until the client leaves.
    async fn stay(&mut self, client: &mut OwnedReadHalf) -> io::Result<()> {
        let mut sink = vec![0; CHUNK];
        while client.read(&mut sink).await? > 0 {}
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    async fn client_said(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.mood == Mood::Frozen {
            return Ok(());
        }
        let mut telling = false;
        for piece in self.up.feed(bytes) {
            let kind = self.shared.seen().client_said(self.number, &piece.what);
            if matches!(piece.what, What::Http { .. }) {
                self.refuse_where_asked(kind, &piece.what).await?;
            }
            if kind == Kind::Messages {
                let strike = self.shared.state().strike.take();
                telling |= strike == Some(Strike::Tell);
                if let Some(strike) = strike
                    && self.strike(strike, bytes, &piece).await?
                {
                    return Ok(());
                }
            }
        }
        self.pass_up(bytes).await?;
        if telling {
            self.shared.struck();
        }
        Ok(())
    }

    /// Whether the bytes are dealt with.
    async fn strike(&mut self, strike: Strike, bytes: &[u8], piece: &Piece) -> io::Result<bool> {
        match strike {
            Strike::Cut(thousandths) => {
                let length = (piece.end - piece.start) as u64 * thousandths / 1_000;
                let until = piece.start + usize::try_from(length).unwrap_or(0);
                let sent = self.pass_up(bytes.get(..until).unwrap_or(bytes)).await;
                self.shared.struck();
                sent.and(Err(io::ErrorKind::ConnectionAborted.into()))
            }
            Strike::LoseAnswer => {
                self.mood = Mood::Deaf;
                Ok(false)
            }
            Strike::Tell => Ok(false),
            Strike::Freeze => {
                self.mood = Mood::Frozen;
                self.shared.struck();
                Ok(true)
            }
        }
    }

    async fn pass_up(&mut self, bytes: &[u8]) -> io::Result<()> {
        let slow = self.shared.state().way == Way::Slow;
        pass(&mut self.to_recorder, bytes, slow).await
    }

    async fn recorder_said(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.mood {
            Mood::Frozen => return Ok(()),
            Mood::Deaf => {
                if self.down.feed(bytes).iter().any(|piece| is_answer(&piece.what)) {
                    self.shared.struck();
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                return Ok(());
            }
            Mood::Passing => {}
        }
        let mut bytes = bytes.to_vec();
        shorten_wait(&mut bytes);
        let pieces = self.down.feed(&bytes);
        let slow = self.shared.state().way == Way::Slow;
        pass(&mut self.to_client, &bytes, slow).await?;
        let mut seen = self.shared.seen();
        pieces.iter().for_each(|piece| seen.recorder_said(self.number, &piece.what));
        Ok(())
    }

    /// Answers 503 in the recorder's place, as it does when its disk is full.
    async fn refuse_where_asked(&mut self, kind: Kind, what: &What) -> io::Result<()> {
        let is_upgrade = matches!(what, What::Http { headers, .. } if headers.contains("upgrade: websocket"));
        {
            let mut state = self.shared.state();
            let Way::Refusing(left) = state.way else { return Ok(()) };
            if kind != Kind::Messages && !is_upgrade {
                return Ok(());
            }
            state.refusals += 1;
            state.way = if left > 1 { Way::Refusing(left - 1) } else { Way::Open };
        }
        let body = r#"{"error":{"code":"storage_full","message":"no room is left on the disk: make room, then send it again"}}"#;
        let answer = format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.to_client.write_all(answer.as_bytes()).await?;
        self.to_client.shutdown().await?;
        self.shared.struck();
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

/// What was read; nothing is the end.
fn some(buffer: &[u8], length: usize) -> io::Result<&[u8]> {
    match buffer.get(..length) {
        Some(bytes) if length > 0 => Ok(bytes),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

async fn pass(to: &mut OwnedWriteHalf, bytes: &[u8], slow: bool) -> io::Result<()> {
    if !slow {
        return to.write_all(bytes).await;
    }
    for drop in bytes.chunks(DRIP) {
        to.write_all(drop).await?;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

fn is_answer(what: &What) -> bool {
    match what {
        What::Http { line, .. } => !line.contains(" 101"),
        What::Text { text, .. } => text.contains("\"ack\""),
        _ => false,
    }
}

/// `Retry-After: 30` becomes 1 s, in as many bytes: nobody should have to wait half a minute for a test.
fn shorten_wait(bytes: &mut [u8]) {
    const LONG: &[u8] = b"retry-after: 30\r\n";
    const SHORT: &[u8] = b"retry-after: 01\r\n";
    if let Some(at) = bytes.windows(LONG.len()).position(|window| window == LONG)
        && let Some(place) = bytes.get_mut(at..at + LONG.len())
    {
        place.copy_from_slice(SHORT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_shortened_in_place() {
        let mut bytes = b"HTTP/1.1 503 x\r\nretry-after: 30\r\nx: y\r\n\r\n".to_vec();
        shorten_wait(&mut bytes);
        assert_eq!(bytes, b"HTTP/1.1 503 x\r\nretry-after: 01\r\nx: y\r\n\r\n");
        shorten_wait(&mut []);
    }
}
