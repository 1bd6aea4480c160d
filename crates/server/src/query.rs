//! Query parameters and the `{id}` of a path, read strictly.
//!
//! Invariant: an unknown, repeated or senseless parameter is refused by name, with what is allowed.

use crate::error::Failure;
use axum::extract::{FromRequestParts, Path};
use chasm_protocol::limits::{PAGE_DEFAULT, PAGE_MAX};
use chasm_protocol::{SessionId, Timestamp};
use http::request::Parts;
use std::collections::BTreeMap;

/// The parameters of a request. Take each one, then [`Query::end`].
#[derive(Debug, Default)]
pub(crate) struct Query {
    given: BTreeMap<String, String>,
    known: Vec<&'static str>,
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    pub fn read(text: &str) -> Result<Self, Failure> {
        let mut given = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let shown: String = name.chars().take(80).collect();
            if given.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Failure::bad_request(format!("the parameter `{shown}` is given twice")));
            }
        }
        Ok(Self { given, known: Vec::new() })
    }

    /// A parameter's text; an empty one counts as absent.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        self.given.remove(name).filter(|value| !value.is_empty())
    }

    /// A text of at most so many bytes.
    pub fn short(&mut self, name: &'static str, most: usize) -> Result<Option<String>, Failure> {
        match self.text(name) {
            Some(text) if text.len() > most => Err(Failure::bad_request(format!(
                "`{name}` has {} bytes: at most {most} are allowed",
                text.len()
            ))),
            other => Ok(other),
        }
    }

    /// One of some words.
    pub fn choice<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                Err(refused(name, &text, &format!("one of {}", allowed.join(", "))))
            }
        }
    }

    pub fn time(&mut self, name: &'static str) -> Result<Option<Timestamp>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let time = match text.parse::<i64>() {
            Ok(ms) => Timestamp::from_millis(ms),
            // a `+` in an address means a space: +01:00 comes so
            Err(_) => Timestamp::parse(&text.replace(' ', "+")),
        };
        time.map(Some).map_err(|_| {
            refused(
                name,
                &text,
                "an RFC 3339 time such as 2026-01-31T14:02:05Z, or milliseconds since the epoch",
            )
        })
    }

    /// A whole number within these.
    pub fn number(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<u32>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(n) if range.contains(&n) => Ok(Some(n)),
            _ => {
                let allowed = format!("a whole number from {} to {}", range.start(), range.end());
                Err(refused(name, &text, &allowed))
            }
        }
    }

    /// Some of these words, with commas between them.
    pub fn words(&mut self, name: &'static str, known: &[&str]) -> Result<Vec<String>, Failure> {
        let Some(text) = self.text(name) else { return Ok(Vec::new()) };
        let words: Vec<String> = text.split(',').map(|word| word.trim().to_owned()).collect();
        match words.iter().find(|word| !known.contains(&word.as_str())) {
            None => Ok(words),
            Some(odd) => {
                Err(refused(name, odd, &format!("some of {}, with commas between", known.join(", "))))
            }
        }
    }

    /// A whole number from 0 up.
    pub fn whole(&mut self, name: &'static str) -> Result<Option<u64>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(n) if n <= i64::MAX.cast_unsigned() => Ok(Some(n)),
            _ => Err(refused(name, &text, "a whole number from 0 up")),
        }
    }

    /// Page size.
    pub fn limit(&mut self) -> Result<u32, Failure> {
        let Some(text) = self.text("limit") else { return Ok(PAGE_DEFAULT) };
        match text.parse() {
            Ok(n) if (1..=PAGE_MAX).contains(&n) => Ok(n),
            _ => Err(refused("limit", &text, &format!("a whole number from 1 to {PAGE_MAX}"))),
        }
    }

    /// Refuses what nobody asked for.
    pub fn end(self) -> Result<(), Failure> {
        let Some(name) = self.given.keys().next() else { return Ok(()) };
        let shown: String = name.chars().take(80).collect();
        let known = match self.known.as_slice() {
            [] => String::from("there are none here"),
            names => format!("known are {}", names.join(", ")),
        };
        Err(Failure::bad_request(format!("unknown parameter `{shown}`: {known}")))
    }
}

fn refused(name: &str, value: &str, allowed: &str) -> Failure {
    let shown: String = value.chars().take(80).collect();
    Failure::bad_request(format!("`{name}` = {shown:?}: it has to be {allowed}"))
}

/// The session that a path names.
#[derive(Debug)]
pub(crate) struct Id(pub SessionId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| {
            Failure::bad_request("the session id in the address is not percent-encoded UTF-8")
        })?;
        SessionId::new(text).map(Self).map_err(|e| Failure::bad_request(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_parameter_and_what_is_allowed() {
        let message = |text: &str| {
            let mut query = Query::read(text)?;
            query.choice("state", &[("all", 1), ("active", 2)])?;
            query.time("since")?;
            query.limit()?;
            query.short("q", 3)?;
            query.number("step", 1..=60)?;
            query.words("kind", &["one", "two"])?;
            query.end()
        };
        let refused = |text: &str| message(text).unwrap_err().message;
        assert!(message("state=all&since=2026-01-01T00:00:00%2B01:00&limit=1000&q=").is_ok());
        assert!(message("since=2026-01-01T00:00:00+01:00").is_ok());
        assert!(message("since=1767225600500").is_ok());
        assert!(refused("state=al").contains("all, active"));
        assert!(refused("since=now").contains("`since`"));
        for bad in ["0", "1001", "-1", "1.5", "x"] {
            assert!(refused(&format!("limit={bad}")).contains("1 to 1000"), "{bad}");
        }
        for bad in ["0", "61", "-1", "1.5", "x"] {
            assert!(refused(&format!("step={bad}")).contains("1 to 60"), "{bad}");
        }
        assert!(message("kind=two,one&step=60").is_ok());
        assert!(refused("kind=one,tow").contains("`kind` = \"tow\": it has to be some of one, two"));
        assert!(refused("q=abcd").contains("at most 3"));
        assert!(refused("q=a&q=b").contains("twice"));
        assert!(
            refused("stat=all")
                .contains("unknown parameter `stat`: known are state, since, limit, q, step, kind")
        );
    }
}
