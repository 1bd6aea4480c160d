//! `chasm demo`: kill a recorder in mid-stream and see that nothing is lost.
//!
//! Owns the story. Never touches the user's recorder or data folder; its own folder is removed at the end. Invariant: what is
//! said at the end was checked by reading everything back, and a lack ends with a code other than 0.

use crate::app::App;
use crate::args::Demo;
use crate::demo::check::{self, Findings};
use crate::demo::server::Server;
use crate::demo::{stream, transcript};
use crate::exit::Exit;
use crate::show::recovery::reason;
use crate::show::state::{self, paint};
use crate::show::time::count;
use anyhow::{Context, Result};
use chasm_client::{Endpoint, Rest};
use chasm_editors::{ReadReport, claude_code};
use std::path::{Path, PathBuf};
use stream::Numbered;

pub async fn run(app: &App<'_>, args: Demo) -> Result<Exit> {
    let folder = tempfile::Builder::new().prefix("chasm-demo-").tempdir()?;
    let story = Story { app, step: 0 };
    let result = tokio::select! {
        result = story.tell(folder.path(), args.transcript) => result,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("stopped")),
    };
    folder.close().context("the demo's folder could not be removed")?;
    let findings = result?;
    if app.out.json() {
        app.out.document(&findings)?;
    }
    Ok(if findings.wrong.is_empty() { Exit::Done } else { Exit::Failure })
}

struct Story<'a> {
    app: &'a App<'a>,
    step: u32,
}

impl Story<'_> {
    async fn tell(mut self, folder: &Path, file: Option<PathBuf>) -> Result<Findings> {
        let (events, read) = load(folder, file)?;
        let data = folder.join("data");
        let first = Server::start(&data).await?;
        self.say(&format!(
            "A recorder of its own starts, in a folder of its own: {} (pid {})",
            first.url, first.pid
        ))?;
        self.say(&format!(
            "A Claude Code session streams in over WebSocket: {}, {}, {}.",
            count(read.messages, "message"),
            count(read.tool_calls, "tool call"),
            count(events.len() as u64, "event")
        ))?;
        let cut = stream::first_half(Endpoint::at(&first.url)?, &events).await?;
        let pid = first.pid;
        first.kill().await?;
        let cut = cut.ended();
        self.say(&format!(
            "kill -9 {pid}, in mid-stream: {} sent, {} of them acknowledged, {} on the way.",
            count(cut.sent as u64, "event"),
            cut.acked,
            cut.sent.saturating_sub(cut.acked)
        ))?;
        let acked = cut.acked;
        drop(cut);
        let second = Server::start(&data).await?;
        let rest = Rest::new(Endpoint::at(&second.url)?)?;
        self.say_what_the_start_found(&rest, second.pid).await?;
        let (had, mut lost) = self.resume(&second.url, &events, acked).await?;
        let mut findings = check::check(&rest, &check::expected(&events, acked)).await?;
        findings.wrong.append(&mut lost);
        self.close(&findings, &read, had)?;
        Ok(findings)
    }

    async fn say_what_the_start_found(&mut self, rest: &Rest, pid: u32) -> Result<()> {
        let status = rest.status().await?;
        let found = match status.last_recovery {
            Some(start) => format!(
                "{} replayed from the journal in {:.0} ms, {} found unfinished",
                count(start.replayed_records, "record"),
                start.took_ms,
                count(start.interrupted.len() as u64, "session")
            ),
            None => String::from("it says nothing of a recovery"),
        };
        self.say(&format!("It starts again on the same folder (pid {pid}): {found}."))
    }

    /// Says `hello` and sends the rest. Answers how many events the recorder had, and which acknowledged ones it had not.
    async fn resume(&mut self, url: &str, events: &[Numbered], acked: usize) -> Result<(u64, Vec<String>)> {
        let rest = stream::the_rest(Endpoint::at(url)?, events).await?;
        let had: u64 = rest.had.values().map(|point| point.events).sum();
        let mut lost: Vec<String> = stream::sessions(events.get(..acked).unwrap_or(events))
            .into_iter()
            .filter_map(|(id, acked)| {
                let has = rest.had.get(&id).map_or(0, |point| point.events);
                (has < acked).then(|| format!("{id}: {acked} events were acknowledged, {has} were there"))
            })
            .collect();
        lost.extend(
            rest.report.refused.iter().map(|r| format!("event {} was refused: {}", r.event, r.message)),
        );
        self.say(&format!(
            "The client says hello and hears what is on disk: {}. It sends the other {}.",
            count(had, "event"),
            rest.sent
        ))?;
        Ok((had, lost))
    }

    fn close(&mut self, findings: &Findings, read: &ReadReport, had: u64) -> Result<()> {
        self.say("Everything is read back and held against what was sent:")?;
        if !findings.wrong.is_empty() {
            let lines: Vec<_> =
                findings.wrong.iter().map(|what| format!("   {} {what}\n", paint(state::RED, "▲"))).collect();
            return self.print(&lines.concat());
        }
        let ok = paint(state::GREEN, "✓");
        let cut = paint(state::YELLOW, "⌁");
        let mut text = format!(
            "   {ok} {} of {}, word for word, and {}\n   {ok} nothing twice: {}, each once; {had} survived the kill\n",
            findings.messages,
            count(read.messages, "message"),
            count(findings.tool_calls, "tool call"),
            count(findings.events, "event"),
        );
        for interruption in &findings.interruptions {
            text.push_str(&format!(
                "   {cut} the interruption is in the session: {}, {} sent after it\n",
                reason(interruption.reason),
                count(interruption.replayed, "event")
            ));
        }
        self.print(&text)
    }

    fn say(&mut self, text: &str) -> Result<()> {
        self.step += 1;
        self.print(&format!("{} {text}\n", paint(state::BOLD, &format!("{}.", self.step))))
    }

    /// With `--json`, stdout is for the document alone.
    fn print(&self, text: &str) -> Result<()> {
        if self.app.out.json() {
            self.app.out.note(text.trim_end());
        } else {
            self.app.out.print(text)?;
        }
        Ok(())
    }
}

/// The events of the given transcript, or of the made one.
fn load(folder: &Path, file: Option<PathBuf>) -> Result<(Vec<Numbered>, ReadReport)> {
    let path = match file {
        Some(path) => path,
        None => {
            let path = folder.join(format!("{}.jsonl", transcript::SESSION));
            std::fs::write(&path, transcript::jsonl())?;
            path
        }
    };
    let (events, read) = claude_code::read(&path)?;
    Ok((stream::numbered(events), read))
}
