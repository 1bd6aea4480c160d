//! `POST /api/recording/export`: several sessions as one ZIP file.
//!
//! Never holds more than one session, and a little of the archive. Invariant: an archive that ends well has every session that it was
//! asked for, unless one was deleted while it was written; else the connection breaks off.

use super::Shared;
use super::export::{text, whole};
use crate::app::App;
use crate::body;
use crate::error::Failure;
use crate::export::{self, Format};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chasm_engine::EngineError;
use chasm_protocol::api::{ErrorBody, ExportFormat, ExportRequest};
use chasm_protocol::limits::PAGE_MAX;
use chasm_protocol::{ErrorCode, SessionId};
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

/// Sessions of one archive.
const SESSIONS_MAX: usize = 1_000;
/// Bytes of a piece of the archive, and pieces that wait for the client.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 4;

/// Sessions as one ZIP file, each as its own export would be.
#[utoipa::path(
    post,
    path = "/api/recording/export",
    tag = "read",
    operation_id = "exportSessions",
    request_body = ExportRequest,
    responses(
        (status = 200, description = "a download", content_type = "application/zip"),
        (status = 404, description = "no such session", body = ErrorBody),
        (status = 422, description = "no sessions, too many, or an unknown format", body = ErrorBody),
    )
)]
pub(crate) async fn download(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let ExportRequest { session_ids, format } = body::json(&app, &headers, body, false).await?;
    if session_ids.is_empty() || session_ids.len() > SESSIONS_MAX {
        let message = format!("{} `session_ids`: 1 to {SESSIONS_MAX} are allowed", session_ids.len());
        return Err(Failure::new(ErrorCode::InvalidField, message));
    }
    let format = format_of(format);
    let (mut files, mut names, mut known) = (Vec::new(), HashSet::new(), HashSet::new());
    for id in session_ids {
        if known.insert(id.clone()) {
            let title = export::title(&app.engine.session_head(&id).await?).to_owned();
            files.push((id, unique(&title, format, &mut names)));
        }
    }
    let (pieces, mut written) = mpsc::channel(PIECES);
    let (runtime, broken) = (Handle::current(), pieces.clone());
    tokio::task::spawn_blocking(move || {
        if let Err(error) = archive(&app, &runtime, &files, format, pieces) {
            // An error only says that nobody waits for it any more.
            let _ = broken.blocking_send(Err(error));
        }
    });
    let stream = futures_util::stream::poll_fn(move |cx| written.poll_recv(cx));
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    let name = "attachment; filename=\"chasm-sessions.zip\"";
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

const fn format_of(format: ExportFormat) -> Format {
    match format {
        ExportFormat::Markdown => Format::Markdown,
        ExportFormat::Json => Format::Json,
        ExportFormat::Jsonl => Format::Jsonl,
        ExportFormat::Html => Format::Html,
    }
}

/// A name that none of the others has, on a disk that knows no upper case either.
fn unique(title: &str, format: Format, names: &mut HashSet<String>) -> String {
    let (name, extension) = (export::file_name(title), format.extension());
    let numbered = |n: usize| match n {
        1 => format!("{name}.{extension}"),
        n => format!("{name} ({n}).{extension}"),
    };
    let free = (1..).map(numbered).find(|name| names.insert(name.to_lowercase()));
    free.unwrap_or(name)
}

type Archive = ZipWriter<StreamWriter<Pieces>>;

/// On a thread of its own, for packing takes time.
fn archive(
    app: &Arc<App>,
    runtime: &Handle,
    files: &[(SessionId, String)],
    format: Format,
    pieces: mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut archive = ZipWriter::new_stream(Pieces { pieces, piece: Vec::with_capacity(PIECE) });
    for (id, name) in files {
        match format {
            Format::Jsonl => lines(app, runtime, id, name, &mut archive)?,
            _ => match runtime.block_on(app.engine.session(id)) {
                Ok(session) => {
                    archive.start_file(name.as_str(), SimpleFileOptions::default())?;
                    archive.write_all(&whole(&session, format))?;
                }
                Err(EngineError::NoSuchSession(_)) => {}
                Err(error) => return Err(io::Error::other(error)),
            },
        }
    }
    archive.finish()?.into_inner().flush()
}

/// The raw events, page by page.
fn lines(
    app: &Arc<App>,
    runtime: &Handle,
    id: &SessionId,
    name: &str,
    archive: &mut Archive,
) -> io::Result<()> {
    let mut page = match runtime.block_on(app.engine.events(id, None, PAGE_MAX)) {
        Ok(page) => page,
        Err(EngineError::NoSuchSession(_)) => return Ok(()),
        Err(error) => return Err(io::Error::other(error)),
    };
    archive.start_file(name, SimpleFileOptions::default())?;
    loop {
        archive.write_all(&text(&page))?;
        let Some(cursor) = page.next_cursor.take() else { return Ok(()) };
        let next = runtime.block_on(app.engine.events(id, Some(&cursor), PAGE_MAX));
        page = next.map_err(io::Error::other)?;
    }
}

/// The archive on its way to the client; waits where the client is slow.
struct Pieces {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len().min(PIECE - 1));
        self.piece.extend(bytes.iter().take(taken));
        if self.piece.len() >= PIECE {
            self.send()?;
        }
        Ok(taken)
    }

    /// Sends what is there, full or not.
    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() { Ok(()) } else { self.send() }
    }
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let sent = self.pieces.blocking_send(Ok(piece.into()));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_on_any_disk() {
        let mut names = HashSet::new();
        let mut name = |title: &str| unique(title, Format::Markdown, &mut names);
        assert_eq!(name("A talk"), "A talk.md");
        assert_eq!(name("a TALK"), "a TALK (2).md");
        assert_eq!(name("A talk"), "A talk (3).md");
        assert_eq!(name("../../etc/passwd"), "etc-passwd.md");
    }
}
