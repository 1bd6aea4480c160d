//! Web pages that want to record and may not: what the user is asked about.
//!
//! Owns who was told of. A page can have any number of origins (subdomains), and any page can try, so each is told once a day, and
//! few a day are told at all. Never changes the decision: a page that is told of was refused, and reads nothing of this.
//! Invariant: at most [`ORIGINS_MAX`] origins are remembered, and what is told is one that may be allowed as it stands.

use super::{Facts, PAGE_POSTS, PAGE_SOCKETS, Rules, is_known};
use crate::settings::{Auth, Origin};
use chasm_engine::Engine;
use chasm_protocol::api::NoticeFilter;
use chasm_protocol::{LifecycleEvent, Timestamp};
use http::Method;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Origins that are told of in a day.
const ORIGINS_MAX: usize = 5;
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;
/// Longer than any that a person would know again. What is cut off could hide whose page it is.
const ORIGIN_BYTES: usize = 100;
const KIND: &str = "origin_refused";

/// The origin of a refused request, where it was refused for it alone and wanted to record.
pub(crate) fn would_record(facts: &Facts<'_>, rules: &Rules<'_>) -> Option<Origin> {
    let [sent] = facts.origins.as_slice() else { return None };
    let posts = |method: &str| method == "POST" && PAGE_POSTS.contains(&facts.path);
    let wants = match facts.preflight_for {
        Some(wanted) => posts(wanted),
        None => {
            posts(facts.method.as_str())
                || (facts.method == Method::GET && PAGE_SOCKETS.contains(&facts.path))
        }
    };
    // a preflight carries no token; whoever sends one is not known by it
    let asks = is_known(facts, rules) || (rules.auth == Auth::Token && facts.preflight_for.is_some());
    let is_web = sent.starts_with("https://") || sent.starts_with("http://");
    if !wants || !asks || !is_web || sent.len() > ORIGIN_BYTES {
        return None;
    }
    let origin = Origin::parse(sent).ok().filter(|origin| origin.as_str() == *sent)?;
    (!rules.allowed_origins.contains(&origin)).then_some(origin)
}

/// When each was told of.
#[derive(Debug, Default)]
pub(crate) struct Asking(Mutex<BTreeMap<String, Timestamp>>);

impl Asking {
    /// Remembers what a run before has told.
    pub async fn of(engine: &Engine) -> Self {
        let filter = NoticeFilter {
            kinds: vec![String::from(KIND)],
            since: Some(engine.now().plus_micros(-DAY_MICROS)),
            limit: u32::try_from(ORIGINS_MAX).unwrap_or_default(),
            ..NoticeFilter::default()
        };
        let asking = Self::default();
        // where they cannot be read, one may be told twice
        let told = engine.find_notices(&filter).await.map(|page| page.notices).unwrap_or_default();
        // the oldest first: time goes on
        for notice in told.into_iter().rev() {
            if let LifecycleEvent::OriginRefused { origin } = notice.event {
                asking.is_new(origin, notice.at);
            }
        }
        asking
    }

    /// Tells of a page, unless it was told of lately.
    pub fn tell(&self, engine: &Engine, origin: Origin) {
        let origin = origin.to_string();
        if self.is_new(origin.clone(), engine.now()) {
            engine.tell(LifecycleEvent::OriginRefused { origin });
        }
    }

    fn is_new(&self, origin: String, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // a clock that was set back must not keep them for ever
        told.retain(|_, at| *at <= now && now < at.plus_micros(DAY_MICROS));
        if told.contains_key(&origin) || told.len() >= ORIGINS_MAX {
            return false;
        }
        told.insert(origin, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_once_a_day_and_few_are_told() {
        let (asking, start) = (Asking::default(), Timestamp::from_micros(1_767_225_600_000_000));
        let told =
            |n: usize, after: i64| asking.is_new(format!("https://{n}.example"), start.plus_micros(after));
        assert!(told(0, 0));
        assert!(!told(0, DAY_MICROS - 1));
        assert!((1..1_000).filter(|n| told(*n, 10)).count() == ORIGINS_MAX - 1);
        assert!(told(0, DAY_MICROS), "the next day");
        // back to last week, and on from there
        assert!(told(7, -7 * DAY_MICROS));
        assert_eq!(asking.0.lock().unwrap().len(), 1);
    }
}
