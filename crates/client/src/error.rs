//! What can go wrong between a client and the recorder, in sentences.
//!
//! Invariant: a message says what happened, to which address, and what to do.

use chasm_protocol::api::ErrorBody;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers there.
    #[error("no recorder at {url}: start one with `chasm serve` ({why})")]
    Unreachable { url: String, why: String },
    /// It was there and went away, and did not come back in time.
    #[error(
        "the recorder at {url} is gone and did not come back ({why}); {unacked} events were not acknowledged: send them again when it is"
    )]
    Gone { url: String, why: String, unacked: u64 },
    /// The recorder said no, in its own words.
    #[error("{message} ({code}, HTTP {status})")]
    Refused { status: u16, code: String, message: String },
    /// Something answers that is no recorder, or one of another version.
    #[error("{url} does not answer like a recorder: {why}")]
    BadAnswer { url: String, why: String },
    #[error("{url:?} is no address of a recorder: {why}")]
    BadUrl { url: String, why: String },
    #[error("no data folder: the home folder is unknown; name one with --data-dir or CHASM_DATA_DIR")]
    NoHome,
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
}

impl ClientError {
    /// No recorder could be talked to.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Gone { .. })
    }

    /// The recorder has nothing of that name.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// From the body of an answer that is no success.
    pub(crate) fn refused(status: u16, url: &str, body: &[u8]) -> Self {
        match serde_json::from_slice::<ErrorBody>(body) {
            Ok(ErrorBody { error }) => {
                Self::Refused { status, code: error.code.as_str(), message: error.message }
            }
            Err(_) => Self::from_unknown_body(status, url, body),
        }
    }

    /// A code that this version does not know is as good as a known one; a body of another shape is no recorder's.
    fn from_unknown_body(status: u16, url: &str, body: &[u8]) -> Self {
        #[derive(serde::Deserialize)]
        struct Loose {
            error: LooseDetail,
        }
        #[derive(serde::Deserialize)]
        struct LooseDetail {
            code: String,
            message: String,
        }
        match serde_json::from_slice::<Loose>(body) {
            Ok(Loose { error }) => Self::Refused { status, code: error.code, message: error.message },
            Err(_) => Self::BadAnswer {
                url: url.to_owned(),
                why: format!("HTTP {status} without an error message"),
            },
        }
    }

    pub(crate) fn unreachable(url: &str, error: &dyn std::error::Error) -> Self {
        Self::Unreachable { url: url.to_owned(), why: innermost(error) }
    }
}

/// The cause at the bottom: «Connection refused», without the layers that say nothing.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_the_recorders_own_words() {
        let body = br#"{"error":{"code":"not_found","message":"no session \"x\""}}"#;
        let error = ClientError::refused(404, "http://x", body);
        assert!(error.is_not_found());
        assert_eq!(error.to_string(), "no session \"x\" (not_found, HTTP 404)");
        let newer = br#"{"error":{"code":"from_the_future","message":"wait"}}"#;
        assert_eq!(
            ClientError::refused(503, "http://x", newer).to_string(),
            "wait (from_the_future, HTTP 503)"
        );
        let other = ClientError::refused(502, "http://x", b"<html>");
        assert_eq!(
            other.to_string(),
            "http://x does not answer like a recorder: HTTP 502 without an error message"
        );
    }
}
