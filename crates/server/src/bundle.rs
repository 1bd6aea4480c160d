//! The page's files, as they were built into the program.
//!
//! Invariant: what is served is one of these, found by its exact name: no path ever reaches the disk.

/// Name below `ui/dist`, content.
type File = (&'static str, &'static [u8]);

static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/ui.rs"));

/// A file of the page with its media type; `None` where there is none of this name, or no page was built in.
pub(crate) fn file(name: &str) -> Option<(&'static str, &'static [u8])> {
    let at = FILES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    FILES.get(at).map(|(name, content)| (media_type(name), *content))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "png" => "image/png",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_names_are_found() {
        assert!(FILES.is_sorted_by_key(|(name, _)| *name), "the search needs them in order");
        for (name, content) in FILES {
            assert_eq!(file(name).map(|(_, found)| found), Some(*content), "{name}");
        }
        for odd in ["", "/", "..", "../Cargo.toml", "assets", "assets/", "./index.html", "index.html/"] {
            assert_eq!(file(odd), None, "{odd}");
        }
    }

    #[test]
    fn scripts_are_scripts() {
        assert_eq!(media_type("assets/index-1.js"), "text/javascript; charset=utf-8");
        assert_eq!(media_type("LICENSE"), "application/octet-stream");
    }
}
