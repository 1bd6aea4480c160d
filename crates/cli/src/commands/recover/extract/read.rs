//! Reading one session's files, into the recorder or into memory.

use super::found::{Extracted, Group};
use crate::app::App;
use crate::commands::import;
use anyhow::Result;
use chasm_client::Endpoint;
use chasm_editors::{Endings, ReadReport};
use chasm_engine::offline;
use chasm_protocol::session::SessionDetail;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most bytes of files that a session may have to be folded in memory.
const MOST: u64 = 512 * 1024 * 1024;
/// Refusals that are told of one session.
const NAMED: usize = 10;

/// Sends the session's files to the recorder, one after the other.
pub async fn record(app: &App<'_>, endpoint: &Endpoint, group: &Group) -> Result<Option<Extracted>> {
    let mut extracted = Extracted::new(group);
    for file in &group.files {
        let imported = import::import(app, endpoint, &(group.editor, file.clone())).await?;
        extracted.add(&file.path, &imported.read, imported.error);
        extracted.title = imported.title.or(extracted.title.take());
        *extracted.new.get_or_insert(0) += imported.new;
        *extracted.already_there.get_or_insert(0) += imported.already_there;
        extracted.refused += imported.refused;
        let refused = imported.stream.into_iter().flat_map(|report| report.refused);
        let words = refused.map(|refused| format!("{} ({})", refused.message, refused.code));
        extracted.refusals.extend(words.take(NAMED));
    }
    Ok(Some(extracted))
}

/// Reads the session's files; with `fold` the sessions that they tell of. `None` where it was stopped.
pub fn sessions(group: &Group, fold: bool, stop: &AtomicBool) -> Option<(Extracted, Vec<SessionDetail>)> {
    let mut extracted = Extracted::new(group);
    let (mut drafts, mut endings) = (Vec::new(), Endings::default());
    let too_large = fold && group.bytes() > MOST;
    for file in &group.files {
        if too_large {
            let why = format!("it has {} MiB, too much for a file: record it instead", group.bytes() >> 20);
            extracted.add(&file.path, &ReadReport::default(), Some(why));
            continue;
        }
        let read = group.editor.read(file, &mut |draft| {
            if stop.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            if fold {
                endings.note(&draft);
            }
            if draft.session_id == extracted.session_id {
                extracted.title = import::title_in(&draft).or(extracted.title.take());
            }
            if fold {
                drafts.push(draft);
            }
            ControlFlow::Continue(())
        });
        let (read, error) = match read {
            Ok(read) => (read, None),
            Err(error) => (ReadReport::default(), Some(error.to_string())),
        };
        extracted.add(&file.path, &read, error);
    }
    drafts.extend(endings.drafts("imported"));
    let stopped = stop.load(Ordering::Relaxed);
    (!stopped).then(|| (extracted, offline::sessions(drafts)))
}
