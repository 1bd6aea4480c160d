//! The adapter between a socket and tungstenite that takes messages over the limit out of the stream.
//!
//! Reads the client's frame headers on the way. A message over the limit (one frame, or the sum of its fragments) has its
//! payload swallowed, however long it is, and leaves an empty message in its place together with a note, so that the
//! connection stays and memory does not grow. What is within the limit passes byte for byte. A large message waits for its
//! share of the common budget before its header is passed on: tungstenite makes room for a payload when it sees the header.
//! Invariant: what comes out does not depend on how the bytes came in.

use super::header::{Gathered, Header};
use super::patience::Patience;
use super::tail::Tail;
use crate::budget::{Budget, SMALL, Share};
use std::collections::VecDeque;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::PollSemaphore;

/// Bytes that are taken from the socket at a time.
const CHUNK: usize = 16 * 1024;
/// Reads of swallowed bytes before another task has its turn.
const TURN: usize = 32;
/// A message in fragments that never ends is given up when it is so many times over the limit.
const ENDLESS: u64 = 64;

pub(crate) struct OversizeGuard<S> {
    io: S,
    limit: u64,
    budget: PollSemaphore,
    /// Bytes from the socket that were not looked at yet.
    rest: VecDeque<u8>,
    at: At,
    /// Bytes to pass on before anything else: a header, or what stands for a swallowed message.
    emit: Emit,
    message: Option<Message>,
    /// Data messages that have ended.
    ended: u64,
    notes: VecDeque<Note>,
    /// The share of the large message that just ended; nothing behind it is passed on before the reader took it.
    done: Option<Share>,
    patience: Patience,
}

/// Says that a message was over the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Note {
    /// Number of the message among the data messages of the connection, from 0.
    pub message: u64,
    /// What it had, at least.
    pub bytes: u64,
}

/// Place in the stream of frames.
enum At {
    Header(Gathered),
    /// The header is complete; its message waits for its share.
    Share(Header, u64),
    Payload {
        left: u64,
        header: Header,
        swallow: bool,
    },
}

/// The data message that is under way.
struct Message {
    bytes: u64,
    oversize: bool,
    /// It has more than one frame.
    fragmented: bool,
    /// Its end so far, where it is text: a character may be cut.
    tail: Tail,
    share: Option<Share>,
}

#[derive(Default)]
struct Emit {
    bytes: [u8; 20],
    from: usize,
    to: usize,
}

impl<S> OversizeGuard<S> {
    pub fn new(io: S, limit: u64, budget: &Budget) -> Self {
        Self {
            io,
            limit,
            budget: PollSemaphore::new(budget.shares()),
            rest: VecDeque::new(),
            at: At::Header(Gathered::default()),
            emit: Emit::default(),
            message: None,
            ended: 0,
            notes: VecDeque::new(),
            done: None,
            patience: Patience::default(),
        }
    }

    /// The note of this data message, where it was over the limit. Ask for the messages in their order.
    pub fn note(&mut self, message: u64) -> Option<Note> {
        if self.notes.front().is_some_and(|note| note.message == message) {
            self.notes.pop_front()
        } else {
            None
        }
    }

    /// The share of the large message that was just read; hold it while the message is in memory.
    pub fn take_share(&mut self) -> Option<Share> {
        self.done.take()
    }

    /// How long we have waited for this peer and nothing at all came.
    pub fn silence(&self, now: Instant) -> Duration {
        self.patience.silence(now)
    }

    /// A message was begun and does not go on.
    pub fn is_stalled(&self, now: Instant) -> bool {
        !self.is_between_messages() && self.patience.is_over(now)
    }

    /// Works through `input`; says how much of it was used. Stops early where there is no room in `out`, where a message
    /// waits for its share, and behind a large message.
    fn step(&mut self, cx: &mut Context<'_>, input: &[u8], out: &mut ReadBuf<'_>) -> io::Result<usize> {
        let mut used = 0;
        loop {
            if !self.emit.pour(out) || self.done.is_some() {
                return Ok(used);
            }
            let left = input.get(used..).unwrap_or_default();
            match &mut self.at {
                At::Header(gathered) => {
                    let (taken, header) = gathered.take(left);
                    used += taken;
                    match header {
                        Some(header) => self.begin(header)?,
                        None => return Ok(used),
                    }
                }
                At::Share(header, bytes) => {
                    let (header, permits) = (*header, Budget::permits(*bytes));
                    match self.budget.poll_acquire_many(cx, permits) {
                        Poll::Pending => return Ok(used),
                        Poll::Ready(permit) => {
                            if let Some(message) = &mut self.message {
                                message.share = permit.map(Share::new);
                            }
                            self.pass(header);
                        }
                    }
                }
                At::Payload { .. } => {
                    let taken = self.payload(left, out);
                    used += taken;
                    if taken == 0 && matches!(self.at, At::Payload { left, .. } if left > 0) {
                        return Ok(used);
                    }
                }
            }
            self.end_of_frame();
        }
    }

    /// What a complete header means for its message.
    fn begin(&mut self, header: Header) -> io::Result<()> {
        if header.is_control() {
            if header.len > 125 {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a control frame has more than 125 bytes",
                ));
            }
            self.pass(header);
            return Ok(());
        }
        let limit = self.limit;
        if !header.is_continuation() || self.message.is_none() {
            let tail = Tail::of(header.is_text());
            self.message =
                Some(Message { bytes: 0, oversize: false, fragmented: !header.is_last(), tail, share: None });
        }
        let Some(message) = &mut self.message else { return Ok(()) };
        message.bytes = message.bytes.saturating_add(header.len);
        message.oversize |= message.bytes > limit;
        if message.oversize {
            if message.fragmented && message.bytes > limit.saturating_mul(ENDLESS) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a message does not end"));
            }
            // the first fragment has to be there for the last one to end
            if !header.is_continuation() && !header.is_last() {
                self.emit.put(&header.empty());
            }
            self.at = At::Payload { left: header.len, header, swallow: true };
            return Ok(());
        }
        if message.bytes > SMALL && message.share.is_none() {
            // how long a message in fragments will be is not known: it takes all it may have, so that none waits with a part
            let bytes = if message.fragmented { limit } else { message.bytes };
            self.at = At::Share(header, bytes);
        } else {
            self.pass(header);
        }
        Ok(())
    }

    fn pass(&mut self, header: Header) {
        self.emit.put(header.bytes());
        self.at = At::Payload { left: header.len, header, swallow: false };
    }

    /// Passes on or swallows payload; says how much was used.
    fn payload(&mut self, input: &[u8], out: &mut ReadBuf<'_>) -> usize {
        let At::Payload { left, header, swallow } = &mut self.at else { return 0 };
        let wanted = usize::try_from(*left).unwrap_or(usize::MAX);
        let room = if *swallow { usize::MAX } else { out.remaining() };
        let taken = wanted.min(input.len()).min(room);
        let bytes = input.get(..taken).unwrap_or_default();
        if !*swallow {
            out.put_slice(bytes);
            if let Some(message) = self.message.as_mut().filter(|m| m.fragmented && !header.is_control()) {
                message.tail.push(bytes, header, header.len - *left);
            }
        }
        *left -= taken as u64;
        taken
    }

    /// Ends the frame, where its payload is through, and its message, where it was the last one.
    fn end_of_frame(&mut self) {
        let At::Payload { left: 0, header, .. } = self.at else { return };
        self.at = At::Header(Gathered::default());
        if header.is_control() || !header.is_last() {
            return;
        }
        let Some(message) = self.message.take() else { return };
        if message.oversize {
            self.notes.push_back(Note { message: self.ended, bytes: message.bytes });
            self.emit.put(header.empty_with(message.tail.completion()).as_slice());
        }
        self.done = message.share;
        self.ended += 1;
        self.patience.end_of_message();
    }

    fn is_between_messages(&self) -> bool {
        self.message.is_none() && matches!(&self.at, At::Header(gathered) if gathered.is_empty())
    }
}

impl Emit {
    fn put(&mut self, bytes: &[u8]) {
        // whatever was here has been poured before the next header is read
        if let Some(room) = self.bytes.get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
            (self.from, self.to) = (0, bytes.len());
        }
    }

    /// False where not all of it had room.
    fn pour(&mut self, out: &mut ReadBuf<'_>) -> bool {
        let bytes = self.bytes.get(self.from..self.to).unwrap_or_default();
        let fits = bytes.len().min(out.remaining());
        out.put_slice(bytes.get(..fits).unwrap_or_default());
        self.from += fits;
        self.from == self.to
    }
}

impl<S: AsyncRead + Unpin> OversizeGuard<S> {
    /// Works off what is left over from the last reading.
    fn step_rest(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> io::Result<()> {
        let mut rest = std::mem::take(&mut self.rest);
        let used = self.step(cx, rest.make_contiguous(), out)?;
        rest.drain(..used);
        if !rest.is_empty() {
            self.rest = rest;
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for OversizeGuard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = out.filled().len();
        for _ in 0..TURN {
            this.step_rest(cx, out)?;
            if out.filled().len() > before || out.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if !this.rest.is_empty() || matches!(this.at, At::Share(..)) || this.done.is_some() {
                // it waits for its share: that is not the peer's fault
                this.patience.not_waiting();
                return Poll::Pending;
            }
            let mut space = [MaybeUninit::uninit(); CHUNK];
            let mut chunk = ReadBuf::uninit(&mut space);
            let partial = !this.is_between_messages();
            match Pin::new(&mut this.io).poll_read(cx, &mut chunk) {
                Poll::Pending => {
                    this.patience.waiting(Instant::now());
                    return Poll::Pending;
                }
                Poll::Ready(result) => result?,
            }
            if chunk.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.patience.got(chunk.filled().len(), partial);
            let used = this.step(cx, chunk.filled(), out)?;
            this.rest.extend(chunk.filled().get(used..).unwrap_or_default());
            if out.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for OversizeGuard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
