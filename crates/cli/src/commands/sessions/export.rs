//! `chasm sessions export`
//!
//! Invariant: a file is there whole or not at all, and none is replaced without `--force`.

use crate::app::App;
use crate::args::{Export, Format};
use crate::exit::Exit;
use anyhow::{Context, Result, bail};
use chasm_client::rest::Download;
use std::io::Write;
use std::path::Path;

pub async fn run(app: &App<'_>, args: Export) -> Result<Exit> {
    let format = args.format.or_else(|| by_ending(args.out.as_deref())).unwrap_or(Format::Markdown);
    if let Some(path) = args.out.as_deref().filter(|path| !args.force && path.exists()) {
        bail!("{} is there already: name another file, or replace it with --force", path.display());
    }
    let download = app.rest()?.export(&args.id, format.into()).await?;
    let Some(path) = args.out else {
        copy(download, &mut std::io::stdout().lock()).await?;
        return Ok(Exit::Done);
    };
    let bytes = save(download, &path, args.force).await.with_context(|| path.display().to_string())?;
    if app.out.json() {
        app.out.document(&serde_json::json!({ "session_id": args.id, "file": path, "bytes": bytes }))?;
    } else {
        app.out.note(&format!("{}: {}", path.display(), crate::show::time::bytes(bytes)));
    }
    Ok(Exit::Done)
}

fn by_ending(path: Option<&Path>) -> Option<Format> {
    match path?.extension()?.to_str()? {
        "md" | "markdown" => Some(Format::Markdown),
        "json" => Some(Format::Json),
        "jsonl" => Some(Format::Jsonl),
        "html" | "htm" => Some(Format::Html),
        _ => None,
    }
}

async fn save(download: Download, path: &Path, force: bool) -> Result<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".chasm-export-").tempfile_in(folder)?;
    let bytes = copy(download, file.as_file_mut()).await?;
    file.as_file().sync_all()?;
    if force {
        file.persist(path)?;
    } else {
        file.persist_noclobber(path)?;
    }
    Ok(bytes)
}

async fn copy(mut download: Download, out: &mut impl Write) -> Result<u64> {
    let mut bytes = 0;
    while let Some(chunk) = download.chunk().await? {
        out.write_all(chunk.as_ref())?;
        bytes += chunk.as_ref().len() as u64;
    }
    out.flush()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_form() {
        let form = |name: &str| by_ending(Some(Path::new(name)));
        assert_eq!(form("a/b.md"), Some(Format::Markdown));
        assert_eq!(form("b.jsonl"), Some(Format::Jsonl));
        assert_eq!(form("b.txt"), None);
        assert_eq!(by_ending(None), None);
    }
}
