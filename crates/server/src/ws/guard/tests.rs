use super::*;
use proptest::prelude::*;
use tokio::io::AsyncReadExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_tungstenite::tungstenite::protocol::Role;

const LIMIT: u64 = 100;

/// Gives its bytes in pieces of the given sizes, over and over.
struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    sizes: Vec<usize>,
    turn: usize,
    /// Says Pending before each piece, as a socket may.
    sleepy: bool,
    slept: bool,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.sleepy && !self.slept {
            self.slept = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.slept = false;
        let size =
            self.sizes[self.turn % self.sizes.len()].min(buf.remaining()).min(self.bytes.len() - self.at);
        self.turn += 1;
        let at = self.at;
        buf.put_slice(&self.bytes[at..at + size]);
        self.at += size;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x11, 0x22, 0x33, 0x44];
    let mut out = vec![first];
    match payload.len() {
        n @ 0..126 => out.push(0x80 | n as u8),
        n @ 126..65_536 => {
            out.push(0x80 | 126);
            out.extend((n as u16).to_be_bytes());
        }
        n => {
            out.push(0x80 | 127);
            out.extend((n as u64).to_be_bytes());
        }
    }
    out.extend(mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(b, k)| b ^ k));
    out
}

fn guard(bytes: Vec<u8>, sizes: Vec<usize>, sleepy: bool, limit: u64) -> OversizeGuard<Pieces> {
    let pieces = Pieces { bytes, at: 0, sizes, turn: 0, sleepy, slept: false };
    OversizeGuard::new(pieces, limit, &Budget::new())
}

/// What comes out of the guard, and its notes.
async fn through(bytes: &[u8], sizes: Vec<usize>, sleepy: bool, room: usize) -> (Vec<u8>, Vec<Note>, u64) {
    let mut guard = guard(bytes.to_vec(), sizes, sleepy, LIMIT);
    let mut out = Vec::new();
    let mut space = vec![0; room];
    loop {
        let n = guard.read(&mut space).await.unwrap();
        if n == 0 {
            return (out, guard.notes.into(), guard.ended);
        }
        out.extend_from_slice(&space[..n]);
    }
}

#[tokio::test]
async fn what_is_within_the_limit_passes_byte_for_byte() {
    let bytes = [
        frame(0x81, b"hello"),
        frame(0x89, b"ping"),
        frame(0x01, b"part"),
        frame(0x8a, b""),
        frame(0x80, b"ed"),
        frame(0x81, &[b'x'; LIMIT as usize]),
        frame(0x88, &[0x03, 0xe8]),
    ]
    .concat();
    let (out, notes, ended) = through(&bytes, vec![usize::MAX], false, 4096).await;
    assert_eq!(out, bytes);
    assert_eq!((notes.len(), ended), (0, 3));
}

#[tokio::test]
async fn a_message_over_the_limit_leaves_an_empty_one_and_a_note() {
    let bytes = [frame(0x81, b"a"), frame(0x81, &[b'x'; 101]), frame(0x81, b"b")].concat();
    let (out, notes, _) = through(&bytes, vec![7], true, 4096).await;
    assert_eq!(out, [frame(0x81, b"a"), vec![0x81, 0x80, 0, 0, 0, 0], frame(0x81, b"b")].concat());
    assert_eq!(notes, [Note { message: 1, bytes: 101 }]);
}

/// The messages that tungstenite makes of it: the text, or the note.
async fn messages(bytes: Vec<u8>, sizes: Vec<usize>, limit: u64) -> Vec<Result<String, Note>> {
    use futures_util::StreamExt;
    let guard = guard(bytes, sizes, true, limit);
    let mut socket = WebSocketStream::from_raw_socket(guard, Role::Server, None).await;
    let mut seen = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        let WsMessage::Text(text) = message else { continue };
        let guard = socket.get_mut();
        guard.take_share();
        seen.push(guard.note(seen.len() as u64).map_or(Ok(text.to_string()), Err));
    }
    seen
}

#[tokio::test]
async fn fragments_are_summed_and_a_cut_character_is_no_error() {
    let half = "é".repeat(25).into_bytes();
    let (first, rest) = half.split_at(49);
    let bytes = [
        frame(0x01, first),
        frame(0x89, b"between"),
        frame(0x00, &[rest, &[b'x'; 60]].concat()),
        frame(0x00, b"more"),
        frame(0x80, b"end"),
        frame(0x01, &[b'y'; 200]),
        frame(0x80, b""),
        frame(0x01, b"go"),
        frame(0x80, b"od"),
    ]
    .concat();
    let seen = messages(bytes, vec![5, 1, 9], LIMIT).await;
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0], Err(Note { message: 0, bytes: 49 + 61 + 4 + 3 }));
    assert_eq!(seen[1], Err(Note { message: 1, bytes: 200 }));
    assert_eq!(seen[2], Ok(String::from("good")));
}

#[tokio::test]
async fn large_messages_take_their_share_and_give_it_back() {
    let large = "z".repeat(300_000);
    let bytes = [
        frame(0x81, large.as_bytes()),
        frame(0x81, b"small"),
        frame(0x01, large.as_bytes()),
        frame(0x80, b""),
    ]
    .concat();
    let seen = messages(bytes, vec![70_000], 1 << 20).await;
    assert_eq!(seen, [Ok(large.clone()), Ok(String::from("small")), Ok(large)]);
}

#[tokio::test]
async fn a_large_message_waits_for_its_share() {
    let budget = Budget::new();
    let all = budget.take(64 << 20).await;
    let pieces = Pieces {
        bytes: frame(0x81, &[b'z'; 100_000]),
        at: 0,
        sizes: vec![usize::MAX],
        turn: 0,
        sleepy: false,
        slept: false,
    };
    let mut guard = OversizeGuard::new(pieces, 1 << 20, &budget);
    let mut space = vec![0; 4096];
    let waited = tokio::time::timeout(std::time::Duration::from_millis(20), guard.read(&mut space)).await;
    assert!(waited.is_err(), "not even the header is passed on");
    drop(all);
    assert!(guard.read(&mut space).await.unwrap() > 0);
}

#[tokio::test]
async fn a_long_control_frame_is_an_error() {
    let mut guard = guard(frame(0x89, &[0; 126]), vec![usize::MAX], false, LIMIT);
    assert!(guard.read(&mut [0; 64]).await.is_err());
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let first =
        prop_oneof![Just(0x81u8), Just(0x01), Just(0x00), Just(0x80), Just(0x82), Just(0x89), Just(0x8a)];
    (first, prop::collection::vec(any::<u8>(), 0..300)).prop_map(|(first, mut payload)| {
        if first & 0x08 != 0 {
            payload.truncate(125);
        }
        frame(first, &payload)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_chunking_gives_the_same(
        frames in prop::collection::vec(any_frame(), 0..12),
        sizes in prop::collection::vec(1usize..400, 1..6),
        room in 1usize..500,
        sleepy: bool,
    ) {
        let bytes = frames.concat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let whole = runtime.block_on(through(&bytes, vec![usize::MAX], false, 1 << 16));
        let pieces = runtime.block_on(through(&bytes, sizes, sleepy, room));
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn frames_within_the_limit_are_untouched(
        texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..=LIMIT as usize), 0..12),
        sizes in prop::collection::vec(1usize..64, 1..6),
    ) {
        let bytes = texts.iter().flat_map(|t| frame(0x81, t)).collect::<Vec<_>>();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (out, notes, ended) = runtime.block_on(through(&bytes, sizes, false, 333));
        prop_assert_eq!(out, bytes);
        prop_assert_eq!(notes.len(), 0);
        prop_assert_eq!(ended, texts.len() as u64);
    }
}
