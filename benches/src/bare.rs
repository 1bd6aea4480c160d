//! The bare server: reads frames with the same library, parses and stores nothing, and acks.
//!
//! Either each frame, as the simplest server would, or all that are there at once, which is the upper bound of what a WebSocket
//! recorder can do on this machine with this client.

use anyhow::{Context, Result};
use futures_util::{FutureExt, SinkExt, StreamExt};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};

/// Runs the server until it is killed; the first line on stdout is its address.
pub fn serve(gather: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(connection(stream, gather));
        }
    })
}

async fn connection(stream: TcpStream, gather: bool) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = 16 * 1024;
    let mut ws = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await?;
    let mut frames = 0u64;
    while let Some(first) = ws.next().await {
        let mut next = Some(Some(first));
        let mut recorded = 0u64;
        while let Some(Some(frame)) = next {
            if let Message::Text(_) = frame? {
                recorded += 1;
            }
            next = if gather { ws.next().now_or_never() } else { None };
        }
        frames += recorded;
        let ack = format!(r#"{{"type":"ack","through":{frames},"recorded":{recorded},"duplicates":0}}"#);
        ws.send(Message::text(ack)).await?;
    }
    Ok(())
}

/// The bare server as a process of its own.
pub struct Server {
    child: tokio::process::Child,
    address: String,
}

impl Server {
    pub async fn start(gather: bool) -> Result<Self> {
        let mut child = tokio::process::Command::new(std::env::current_exe()?)
            .arg("bare-server")
            .arg(if gather { "gather" } else { "each" })
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("no stdout")?;
        let address =
            BufReader::new(stdout).lines().next_line().await?.context("the bare server did not start")?;
        Ok(Self { child, address })
    }

    pub fn ws(&self) -> String {
        format!("ws://{}/", self.address)
    }

    pub async fn stop(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}
