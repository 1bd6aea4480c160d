//! Files that the page gives to its user: exports, which the page has made itself.
//!
//! Never fetches anything from an address. Invariant: a file that is there is never written over.

use std::path::{Path, PathBuf};
use tauri::webview::DownloadEvent;
use tauri::{Url, Webview};

/// Lets the page's own content through, and tells the page where it went: `chasm-saved` with `{path, done}` on its window.
pub fn take(page: &Webview, event: DownloadEvent<'_>) -> bool {
    match event {
        DownloadEvent::Requested { url, destination } => {
            if !is_made_here(&url) {
                return false;
            }
            let Some(free) = free_place(&folder(), destination.file_name().map(Path::new)) else {
                return false;
            };
            *destination = free;
            true
        }
        DownloadEvent::Finished { path, success, .. } => {
            tell(page, path.as_deref(), success);
            true
        }
        _ => false,
    }
}

/// `blob:` addresses are content of the page itself.
fn is_made_here(url: &Url) -> bool {
    url.scheme() == "blob"
}

fn folder() -> PathBuf {
    let known = directories::UserDirs::new();
    let folder = known.as_ref().map(|dirs| dirs.download_dir().unwrap_or_else(|| dirs.home_dir()).to_owned());
    folder.unwrap_or_else(std::env::temp_dir)
}

/// `name`, or `name (1)` and so on, where there is nothing yet.
fn free_place(folder: &Path, name: Option<&Path>) -> Option<PathBuf> {
    std::fs::create_dir_all(folder).ok()?;
    let name = name.and_then(Path::file_name).unwrap_or("chasm-export".as_ref());
    let (stem, end) = (Path::new(name).file_stem()?.to_string_lossy(), Path::new(name).extension());
    let numbered = |n: u32| match (n, end) {
        (0, _) => folder.join(name),
        (n, Some(end)) => folder.join(format!("{stem} ({n}).{}", end.to_string_lossy())),
        (n, None) => folder.join(format!("{stem} ({n})")),
    };
    (0..10_000).map(numbered).find(|place| std::fs::symlink_metadata(place).is_err())
}

fn tell(page: &Webview, path: Option<&Path>, done: bool) {
    let detail = serde_json::json!({ "path": path.map(|path| path.display().to_string()), "done": done });
    let script = format!("window.dispatchEvent(new CustomEvent('chasm-saved', {{ detail: {detail} }}));");
    if let Err(error) = page.eval(script) {
        chasm_recorder::lines::complain(&format!("the page is not told of its download: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_page_has_made_is_saved() {
        let made = |url: &str| is_made_here(&Url::parse(url).unwrap());
        assert!(made("blob:tauri://localhost/0d5c"));
        for other in
            ["https://example.org/x", "data:text/plain,x", "file:///etc/passwd", "tauri://localhost/x"]
        {
            assert!(!made(other), "{other}");
        }
    }

    #[test]
    fn nothing_is_written_over_and_no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| free_place(folder.path(), Some(Path::new(name))).unwrap();
        let first = place("fox.md");
        assert_eq!(first, folder.path().join("fox.md"));
        std::fs::write(&first, "").unwrap();
        assert_eq!(place("fox.md"), folder.path().join("fox (1).md"));
        assert_eq!(place("../../fox"), folder.path().join("fox"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/nowhere", folder.path().join("link.md")).unwrap();
            assert_eq!(place("link.md"), folder.path().join("link (1).md"));
        }
        assert_eq!(free_place(folder.path(), None).unwrap(), folder.path().join("chasm-export"));
    }
}
