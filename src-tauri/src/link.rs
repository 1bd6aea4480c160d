//! Deep links: `chasm://session/ID` on the command line, as a path of the UI.
//!
//! Never opens anything. Invariant: a path that comes out of here is one of the UI's; whatever else a link says is refused.

/// Why a link is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("`{0}` is no link of this app: chasm://session/ID is one")]
    NotOurs(String),
    #[error("`{0}` names no session: chasm://session/ID, with the id percent-encoded")]
    NoSession(String),
}

/// Longest id, percent-encoded: 256 bytes of three characters each.
const ID_BYTES: usize = 768;

/// The path of the UI that a link means.
pub fn path(link: &str) -> Result<String, LinkError> {
    let shown = || link.chars().filter(|c| !c.is_control()).take(80).collect::<String>();
    let (scheme, rest) = link.split_once("://").ok_or_else(|| LinkError::NotOurs(shown()))?;
    if !scheme.eq_ignore_ascii_case("chasm") {
        return Err(LinkError::NotOurs(shown()));
    }
    match rest.trim_end_matches('/') {
        "" | "open" => return Ok(String::from("/")),
        page @ ("recovery" | "status") => return Ok(format!("/{page}")),
        _ => {}
    }
    let id = rest.strip_prefix("session/").ok_or_else(|| LinkError::NotOurs(shown()))?;
    let id = id.strip_suffix('/').unwrap_or(id);
    if !is_encoded_id(id) {
        return Err(LinkError::NoSession(shown()));
    }
    Ok(format!("/session/{id}"))
}

/// The path of a session.
pub fn session(id: &str) -> String {
    let mut path = String::from("/session/");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

/// One piece of a path: no slash, no question mark, and each percent sign with its two digits.
fn is_encoded_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&b);
    let mut bytes = id.bytes();
    while let Some(byte) = bytes.next() {
        let hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
        let good = plain(byte) || (byte == b'%' && hex(bytes.next()) && hex(bytes.next()));
        if !good {
            return false;
        }
    }
    !id.is_empty() && id.len() <= ID_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_and_what_they_mean() {
        for (link, meant) in [
            ("chasm://session/abc-1", "/session/abc-1"),
            ("CHASM://session/abc/", "/session/abc"),
            ("chasm://session/a%2Fb%20c", "/session/a%2Fb%20c"),
            ("chasm://recovery", "/recovery"),
            ("chasm://", "/"),
        ] {
            assert_eq!(path(link).as_deref(), Ok(meant), "{link}");
        }
    }

    #[test]
    fn whatever_else_is_refused() {
        for link in [
            "session/abc",
            "https://session/abc",
            "chasm:session/abc",
            "chasm://session/",
            "chasm://session/a/b",
            "chasm://session/a?x=1",
            "chasm://session/a#b",
            "chasm://session/a%2",
            "chasm://session/a%zz",
            "chasm://session/é",
            "chasm://session/a b",
            "chasm://session/<script>",
            "chasm://settings/../x",
            "--hidden",
        ] {
            assert!(path(link).is_err(), "{link}");
        }
        assert!(path(&format!("chasm://session/{}", "x".repeat(ID_BYTES + 1))).is_err());
    }

    proptest! {
        #[test]
        fn every_session_has_a_link_that_leads_to_it(id in "\\PC{1,64}") {
            let path_of_session = session(&id);
            prop_assert_eq!(path(&format!("chasm:/{path_of_session}")), Ok(path_of_session));
        }
    }
}
