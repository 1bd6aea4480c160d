//! A bad line between a client and the recorder: cuts, delays, goes half-open, or refuses WebSockets as some proxies do.
//!
//! Its address stays while the recorder behind it moves to other ports. It puts the recorder's own `Host` into the first request
//! of a connection, for the fence would refuse another one. Invariant: bytes that it passes on are in order and unchanged.

use crate::Dice;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How it treats connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    Calm,
    /// Each connection ends in its own way after some bytes.
    Storm,
    /// Every connection is cut after [`BRITTLE_BYTES`].
    Brittle,
    /// Every upgrade is answered with 502; everything else passes.
    NoUpgrade,
    /// Both of these.
    BrittleNoUpgrade,
}

/// What gets through a brittle connection, each way.
pub const BRITTLE_BYTES: usize = 12_000;

pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    task: tokio::task::AbortHandle,
}

struct Shared {
    to: SocketAddr,
    weather: Weather,
    dice: Dice,
    /// Connections of the present weather.
    open: JoinSet<()>,
}

/// How a connection goes on after so many bytes.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Fine,
    Cut(usize),
    /// No byte goes through any more, and no end either.
    HalfOpen(usize),
    Slow,
}

impl Proxy {
    pub async fn start(to: SocketAddr, weather: Weather, dice: Dice) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared { to, weather, dice, open: JoinSet::new() }));
        let task = tokio::spawn(accept(listener, shared.clone())).abort_handle();
        Self { address, shared, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The recorder is somewhere else now.
    pub fn leads_to(&self, to: SocketAddr) {
        self.shared.lock().unwrap().to = to;
    }

    /// Other weather from now on; connections of the old one are cut.
    pub fn set(&self, weather: Weather) {
        let mut shared = self.shared.lock().unwrap();
        shared.weather = weather;
        shared.open.abort_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    let from = listener.local_addr().unwrap();
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let mut now = shared.lock().unwrap();
        let (to, weather) = (now.to, now.weather);
        let fate = match weather {
            Weather::Storm => fate(&mut now.dice),
            Weather::Brittle | Weather::BrittleNoUpgrade => Fate::Cut(BRITTLE_BYTES),
            Weather::Calm | Weather::NoUpgrade => Fate::Fine,
        };
        while now.open.try_join_next().is_some() {}
        now.open.spawn(async move {
            // an end of either side is the end of both
            let _ = carry(client, from, to, weather, fate).await;
        });
    }
}

fn fate(dice: &mut Dice) -> Fate {
    let after = usize::try_from(dice.within(0..40_000)).unwrap();
    match dice.within(0..10) {
        0..4 => Fate::Cut(after),
        4..7 => Fate::HalfOpen(after),
        7..9 => Fate::Slow,
        _ => Fate::Fine,
    }
}

async fn carry(
    mut client: TcpStream,
    from: SocketAddr,
    to: SocketAddr,
    weather: Weather,
    fate: Fate,
) -> std::io::Result<()> {
    let head = read_head(&mut client).await?;
    let no_upgrade = matches!(weather, Weather::NoUpgrade | Weather::BrittleNoUpgrade);
    if no_upgrade && head.starts_with("GET /ws/") {
        return client
            .write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await;
    }
    let mut recorder = TcpStream::connect(to).await?;
    recorder.write_all(head.replace(&from.to_string(), &to.to_string()).as_bytes()).await?;
    let ((client_in, client_out), (recorder_in, recorder_out)) = (client.into_split(), recorder.into_split());
    tokio::select! {
        () = pump(client_in, recorder_out, fate) => {}
        () = pump(recorder_in, client_out, fate) => {}
    }
    Ok(())
}

/// The first request up to the end of its head, and what came with it.
async fn read_head(client: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") && bytes.len() < 64 * 1024 {
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    // a body that begins here may end within a character
    while std::str::from_utf8(&bytes).is_err() && client.read_buf(&mut bytes).await? > 0 {}
    String::from_utf8(bytes).map_err(std::io::Error::other)
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, fate: Fate) {
    let (mut passed, mut buffer) = (0, vec![0; 8 * 1024]);
    loop {
        let Ok(got @ 1..) = from.read(&mut buffer).await else { return };
        let room = match fate {
            Fate::Cut(after) | Fate::HalfOpen(after) => got.min(after.saturating_sub(passed)),
            Fate::Fine | Fate::Slow => got,
        };
        if matches!(fate, Fate::Slow) {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        if to.write_all(&buffer[..room]).await.is_err() {
            return;
        }
        passed += room;
        if room < got {
            match fate {
                Fate::Cut(_) => return,
                // swallowed, until either side gives up
                _ => while from.read(&mut buffer).await.is_ok_and(|n| n > 0) {},
            }
            return;
        }
    }
}
