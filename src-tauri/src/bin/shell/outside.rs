//! Addresses that the page asks to be opened in the user's browser.
//!
//! Never opens anything but `http` and `https`: what a chat says is not trusted to name a program. The page has shown the
//! address before.

use tauri::Url;

/// Opens it with the program that the user has for it; an error says why not.
#[tauri::command]
pub fn open_outside(address: &str) -> Result<(), String> {
    open::that_detached(checked(address)?.as_str())
        .map_err(|error| format!("no browser could be started: {error}"))
}

fn checked(address: &str) -> Result<Url, String> {
    match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(String::from("only addresses of http and https are opened")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_opened() {
        assert_eq!(checked("https://example.org/a?b#c").unwrap().as_str(), "https://example.org/a?b#c");
        // what starts with a dash or names a file is no address to begin with
        for odd in [
            "",
            "-e",
            "/bin/sh",
            "file:///bin/sh",
            "javascript:alert(1)",
            "data:text/html,x",
            "mailto:a@b",
            "chasm://open",
            "http://",
        ] {
            assert!(checked(odd).is_err(), "{odd}");
        }
    }
}
