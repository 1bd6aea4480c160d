//! What passes by on a connection, read along: HTTP messages, then WebSocket frames.
//!
//! Owns the reading of one direction's bytes, in whatever pieces they come. Never changes or keeps back a byte, and never waits.
//! Invariant: bytes that make no sense are reported once, and everything after them is let pass unread.

/// One whole thing that passed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub what: What,
    /// Where it begins and ends in the bytes that were fed last; it begins at 0 where it began before them.
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// First line, the header lines in lower case, and the body.
    Http {
        line: String,
        headers: String,
        body: Vec<u8>,
    },
    /// A text frame, put together from its fragments.
    Text {
        text: String,
        masked: bool,
    },
    Binary,
    /// With its code; 1005 where it has none.
    Close(u16),
    Ping,
    Pong,
    /// Not HTTP and no WebSocket: why.
    Nonsense(String),
}

/// Reads along one direction of one connection.
#[derive(Debug, Default)]
pub struct Tap {
    held: Vec<u8>,
    mode: Mode,
    /// The fragments of a message so far.
    message: Vec<u8>,
    opcode: u8,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Http,
    Frames,
    /// Nothing is understood any more.
    Opaque,
}

/// More of one message than this is not read along.
const HELD_MAX: usize = 64 << 20;

impl Tap {
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if self.mode == Mode::Opaque {
            return pieces;
        }
        let before = self.held.len();
        self.held.extend_from_slice(bytes);
        let mut at = 0;
        while self.mode != Mode::Opaque {
            let rest = self.held.get(at..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let read = match self.mode {
                Mode::Http => http(rest),
                _ => frame(rest),
            };
            let (start, used, what) = match read {
                Read::More => break,
                Read::Http { used, what, upgrade } => {
                    if upgrade {
                        self.mode = Mode::Frames;
                    }
                    (at, used, Some(what))
                }
                Read::Frame { used, head, payload } => (at, used, self.framed(head, payload)),
                Read::Bad(why) => (at, rest.len(), Some(self.give_up(why))),
            };
            at += used;
            pieces.extend(what.map(|what| Piece {
                what,
                start: start.saturating_sub(before),
                end: at.saturating_sub(before),
            }));
        }
        self.held.drain(..at.min(self.held.len()));
        if self.held.len() > HELD_MAX {
            self.give_up("too long to be read along".into());
        }
        pieces
    }

    fn give_up(&mut self, why: String) -> What {
        self.mode = Mode::Opaque;
        What::Nonsense(why)
    }

    fn framed(&mut self, head: Head, payload: Vec<u8>) -> Option<What> {
        match head.opcode {
            8 => {
                let code = match payload.as_slice() {
                    [high, low, ..] => u16::from_be_bytes([*high, *low]),
                    _ => 1005,
                };
                return Some(What::Close(code));
            }
            9 => return Some(What::Ping),
            10 => return Some(What::Pong),
            0 => {}
            other => {
                self.opcode = other;
                self.message.clear();
            }
        }
        self.message.extend(payload);
        if !head.fin {
            return None;
        }
        let message = std::mem::take(&mut self.message);
        match self.opcode {
            1 => match String::from_utf8(message) {
                Ok(text) => Some(What::Text { text, masked: head.masked }),
                Err(_) => Some(What::Nonsense("a text frame that is not UTF-8".into())),
            },
            2 => Some(What::Binary),
            other => Some(self.give_up(format!("a frame of the unknown kind {other}"))),
        }
    }
}

enum Read {
    /// It is not whole yet.
    More,
    Http {
        used: usize,
        what: What,
        upgrade: bool,
    },
    Frame {
        used: usize,
        head: Head,
        payload: Vec<u8>,
    },
    Bad(String),
}

#[derive(Debug, Clone, Copy)]
struct Head {
    fin: bool,
    opcode: u8,
    masked: bool,
}

/// A request or an answer. Behind one that asks for, or grants, a WebSocket there are frames.
fn http(bytes: &[u8]) -> Read {
    let Some(end) = position(bytes, b"\r\n\r\n") else {
        return if bytes.len() > 64 << 10 {
            Read::Bad("no HTTP head within 64 KiB".into())
        } else {
            Read::More
        };
    };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
    let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    if !line.contains("HTTP/1.") {
        return Read::Bad(format!("no HTTP: {:?}", line.chars().take(60).collect::<String>()));
    }
    let headers = headers.to_ascii_lowercase();
    let is_answer = line.starts_with("HTTP/");
    let upgrade =
        if is_answer { line.contains(" 101") } else { header(&headers, "upgrade") == Some("websocket") };
    let rest = bytes.get(end + 4..).unwrap_or_default();
    let body = if header(&headers, "transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        unchunked(rest)
    } else {
        let length = header(&headers, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        rest.get(..length).map(|body| (body.to_vec(), length))
    };
    let Some((body, length)) = body else { return Read::More };
    let what = What::Http { line: line.to_owned(), headers, body };
    Read::Http { used: end + 4 + length, what, upgrade }
}

/// The value of a header; names and values are in lower case here.
pub fn header<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    headers.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then_some(value.trim())
    })
}

/// The body, and how many bytes it takes; `None` where its end is not there yet.
fn unchunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let rest = bytes.get(at..)?;
        let line = position(rest, b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        at += line + 2;
        body.extend_from_slice(bytes.get(at..at.checked_add(size)?)?);
        at += size + 2;
        if bytes.len() < at {
            return None;
        }
        if size == 0 {
            return Some((body, at));
        }
    }
}

fn frame(bytes: &[u8]) -> Read {
    let &[first, second, ..] = bytes else { return Read::More };
    if first & 0x70 != 0 {
        return Read::Bad("a WebSocket frame with an extension that was not agreed on".into());
    }
    let (size, mut at) = match second & 0x7f {
        126 => (number(bytes, 2), 4),
        127 => (number(bytes, 8), 10),
        short => (Some(u64::from(short)), 2),
    };
    let Some(size) = size.and_then(|size| usize::try_from(size).ok()) else { return Read::More };
    let masked = second & 0x80 != 0;
    let mask = if masked { bytes.get(at..at + 4) } else { Some(&[0, 0, 0, 0][..]) };
    let Some(mask) = mask else { return Read::More };
    at += if masked { 4 } else { 0 };
    let Some(payload) = at.checked_add(size).and_then(|end| bytes.get(at..end)) else { return Read::More };
    let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    let head = Head { fin: first & 0x80 != 0, opcode: first & 0x0f, masked };
    Read::Frame { used: at + size, head, payload }
}

/// The extended length, of so many bytes behind the first two.
fn number(bytes: &[u8], width: usize) -> Option<u64> {
    let digits = bytes.get(2..2 + width)?;
    Some(digits.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a client sends it.
    fn masked(text: &str) -> Vec<u8> {
        let mut out = vec![0x81];
        match text.len() {
            n if n < 126 => out.push(0x80 | n as u8),
            n => {
                out.push(0x80 | 126);
                out.extend((n as u16).to_be_bytes());
            }
        }
        out.extend([1, 2, 3, 4]);
        out.extend(text.bytes().zip([1, 2, 3, 4].into_iter().cycle()).map(|(byte, mask)| byte ^ mask));
        out
    }

    fn whole(tap: &mut Tap, bytes: &[u8], by: usize) -> Vec<What> {
        bytes.chunks(by).flat_map(|chunk| tap.feed(chunk)).map(|piece| piece.what).collect()
    }

    #[test]
    fn a_connection_reads_the_same_in_any_pieces() {
        let long = "x".repeat(300);
        let mut bytes = b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
            3\r\nabc\r\n1\r\nd\r\n0\r\n\r\nGET /ws HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n"
            .to_vec();
        bytes.extend(masked("one"));
        bytes.extend(masked(&long));
        bytes.extend([0x88, 2, 0x03, 0xe9]);
        let all = whole(&mut Tap::default(), &bytes, bytes.len());
        for by in [1, 2, 3, 7, 100] {
            assert_eq!(whole(&mut Tap::default(), &bytes, by), all, "in pieces of {by}");
        }
        let bodies: Vec<&[u8]> = all
            .iter()
            .filter_map(|what| match what {
                What::Http { body, .. } => Some(body.as_slice()),
                _ => None,
            })
            .collect();
        assert_eq!(bodies, [&b"{}"[..], b"abcd", b""]);
        assert_eq!(all[3], What::Text { text: "one".into(), masked: true });
        assert_eq!(all[4], What::Text { text: long, masked: true });
        assert_eq!(all[5], What::Close(1001));
    }

    #[test]
    fn places_are_those_in_the_last_bytes() {
        let mut tap = Tap { mode: Mode::Frames, ..Tap::default() };
        let (one, two) = (masked("one"), masked("two!"));
        let mut bytes = one.clone();
        bytes.extend(&two);
        let pieces = tap.feed(&bytes[..one.len() + 3]);
        assert_eq!((pieces[0].start, pieces[0].end), (0, one.len()));
        let pieces = tap.feed(&bytes[one.len() + 3..]);
        assert_eq!((pieces[0].start, pieces[0].end), (0, two.len() - 3));
    }

    #[test]
    fn nonsense_is_said_once() {
        let mut tap = Tap::default();
        assert!(matches!(tap.feed(b"SSH-2.0\r\n\r\n")[0].what, What::Nonsense(_)));
        assert!(tap.feed(b"more").is_empty());
    }
}
