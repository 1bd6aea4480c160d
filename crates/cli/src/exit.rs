//! Exit codes, and how an error is told.
//!
//! Owns the one mapping of errors to codes. Invariant: an error goes to stderr as one paragraph behind `chasm: `; a closed
//! pipe is no error, the reader has what it wanted.

use crate::out::Out;
use chasm_client::ClientError;
use std::io;

/// How the program ends; the numbers are part of its interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failure = 1,
    Usage = 2,
    NoRecorder = 3,
    Refused = 4,
    NotFound = 5,
    Problems = 6,
}

impl Exit {
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// The command line makes no sense in a way that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// There is nothing of that name.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotFound(pub String);

/// Says on stderr what happened, and answers how to end.
pub fn report(error: &anyhow::Error, out: &Out) -> Exit {
    if is_closed_pipe(error) {
        return Exit::Done;
    }
    out.complain(&told(error));
    of(error)
}

/// The error and its causes; a cause that the text before it has already is not said again.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(cause.trim()) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

fn of(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<ClientError>() {
            return match error {
                e if e.is_unreachable() => Exit::NoRecorder,
                e if e.is_not_found() => Exit::NotFound,
                ClientError::BadUrl { .. } => Exit::Usage,
                _ => Exit::Failure,
            };
        }
        if cause.is::<Usage>() {
            return Exit::Usage;
        }
        if cause.is::<NotFound>() {
            return Exit::NotFound;
        }
    }
    Exit::Failure
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn each_error_has_its_code() {
        let gone = ClientError::Unreachable { url: "u".into(), why: "w".into() };
        assert_eq!(of(&anyhow::Error::new(gone).context("while importing")), Exit::NoRecorder);
        let unknown = ClientError::Refused { status: 404, code: "not_found".into(), message: "no".into() };
        assert_eq!(of(&unknown.into()), Exit::NotFound);
        assert_eq!(of(&Usage("x".into()).into()), Exit::Usage);
        assert_eq!(of(&ClientError::BadUrl { url: "u".into(), why: "w".into() }.into()), Exit::Usage);
        assert_eq!(of(&NotFound("x".into()).into()), Exit::NotFound);
        assert_eq!(of(&anyhow::anyhow!("x")), Exit::Failure);
    }

    #[test]
    fn a_cause_is_said_once() {
        let gone = || io::Error::from_raw_os_error(2);
        let file = ClientError::File { path: "/x".into(), source: gone() };
        let once = format!("/x: {}", gone());
        assert_eq!(told(&anyhow::Error::new(file)), once);
        assert_eq!(
            told(&anyhow::Error::new(gone()).context("/x").context("reading")),
            format!("reading: {once}")
        );
        assert_eq!(told(&anyhow::anyhow!("alone")), "alone");
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let closed: Result<(), _> = Err(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(is_closed_pipe(&closed.context("printing").unwrap_err()));
        assert!(!is_closed_pipe(&anyhow::anyhow!("x")));
    }
}
