//! `chasm sessions delete`
//!
//! Invariant: nothing is deleted before it was said what goes, and either the user said yes or `--yes` was given.

use crate::app::App;
use crate::args::Delete;
use crate::exit::{Exit, Usage};
use crate::show::time::count;
use crate::show::{list, text};
use anyhow::Result;
use chasm_client::Rest;
use chasm_protocol::SessionId;
use chasm_protocol::session::SessionSummary;
use std::io::{BufRead, IsTerminal, Write};

pub async fn run(app: &App<'_>, args: Delete) -> Result<Exit> {
    let rest = app.rest()?;
    let mut summaries = Vec::new();
    for id in &args.ids {
        summaries.push(rest.session(id).await?.summary);
    }
    if !args.yes {
        if !std::io::stdin().is_terminal() {
            let hint = "nobody is there to be asked: say --yes to delete without asking";
            return Err(Usage(hint.into()).into());
        }
        if !confirmed(&what_goes(&summaries))? {
            app.out.note("Nothing was deleted.");
            return Ok(Exit::Failure);
        }
    }
    delete_all(app, &rest, &args.ids, &summaries).await
}

async fn delete_all(
    app: &App<'_>,
    rest: &Rest,
    ids: &[SessionId],
    summaries: &[SessionSummary],
) -> Result<Exit> {
    for id in ids {
        rest.delete(id).await?;
    }
    if app.out.json() {
        app.out.document(&serde_json::json!({ "deleted": ids }))?;
    } else {
        let messages = summaries.iter().map(|s| s.messages).sum();
        app.out.note(&format!(
            "Deleted {} with {}, for good.",
            count(ids.len() as u64, "session"),
            count(messages, "message")
        ));
    }
    Ok(Exit::Done)
}

/// Exactly what is lost.
fn what_goes(sessions: &[SessionSummary]) -> String {
    let mut out = String::new();
    for session in sessions {
        let parts = [
            count(session.messages, "message"),
            count(session.tool_calls, "tool call"),
            count(session.events, "event"),
        ];
        out.push_str(&format!(
            "  {} ({}): {}{}\n",
            list::title(session),
            text::clean(&session.session_id),
            parts.join(", "),
            if session.live { "; it is being recorded right now" } else { "" }
        ));
    }
    let which = if sessions.len() == 1 { "This session goes" } else { "These sessions go" };
    format!(
        "{which} from this computer for good: database, search, snapshots, journal.\n{out}The editor's own copy stays.\n"
    )
}

fn confirmed(question: &str) -> std::io::Result<bool> {
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question}Delete? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples;

    #[test]
    fn it_is_said_exactly_what_goes() {
        insta::assert_snapshot!(what_goes(&samples::sessions()[..2]));
    }
}
