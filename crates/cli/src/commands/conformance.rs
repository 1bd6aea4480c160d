//! `chasm conformance`: holds a client, or a recorder, against the protocol.
//!
//! Owns the two ways to be asked. Never touches the user's recorder, unless its address is given; then it makes sessions of its
//! own and deletes them. Invariant: exit code 0 means that nothing was lost or doubled and no rule that matters is broken.

mod ask;
mod client;
mod judge;
mod killing;
mod proxy;
mod recorder;
mod replies;
mod report;
mod round;
mod rules;
mod script;
mod seen;
mod server;
mod subject;
mod wire;

pub use script::Fault;

use crate::app::App;
use crate::args::Conformance;
use crate::exit::Exit;
use anyhow::Result;

pub async fn run(app: &App<'_>, args: Conformance) -> Result<Exit> {
    let passed = match &args.url {
        Some(url) => {
            let checks = server::check(app.endpoint_at(url)?, args.seed).await?;
            let passed = checks.iter().all(|check| check.passed);
            match app.out.json() {
                true => app
                    .out
                    .document(&serde_json::json!({ "url": url, "passed": passed, "checks": checks }))?,
                false => app.out.print(&report::of_server(url, &checks))?,
            }
            passed
        }
        None => {
            let outcome = tokio::select! {
                outcome = Box::pin(client::try_out(app, &args)) => outcome?,
                _ = tokio::signal::ctrl_c() => anyhow::bail!("stopped"),
            };
            match app.out.json() {
                true => app.out.document(&outcome)?,
                false => app.out.print(&report::of_client(&outcome))?,
            }
            outcome.passed
        }
    };
    Ok(if passed { Exit::Done } else { Exit::Problems })
}
