//! Whether a client that was killed had kept what it said.
//!
//! Owns the verdict on promises. Never blames a client for what it had not called kept: that is told, and costs nothing.
//! Invariant: «kept» stands only where something was promised and came.

use super::stream::Pieces;
use super::{Evidence, Fault, Finding, Lack, Verdict, finding, kept_if, rules, told};

/// `lost` is what was promised and is not there.
pub fn killed(evidence: &Evidence<'_>, lost: &[Lack], pieces: &Pieces) -> Finding {
    let (Some(_), Some(promise)) = (evidence.outcome(Fault::KillClient), evidence.promise()) else {
        return finding(rules::KILLED, Verdict::NotSeen, "it was not killed");
    };
    let (all, kept) = (promise.told.len(), promise.kept());
    if !lost.is_empty() {
        let what = format!("{} of {kept} that it had called kept are gone: {}", lost.len(), told(lost));
        return kept_if(rules::KILLED, false, what);
    }
    let gone = evidence.lacks(|message| evidence.is_open(message) && pieces.lacks(message)).len();
    match (kept, evidence.said.kept) {
        (0, 0) => finding(
            rules::KILLED,
            Verdict::NotSeen,
            format!(
                "cannot be judged, it never says «kept»: {gone} of {all} messages were gone after the kill"
            ),
        ),
        (0, _) => finding(
            rules::KILLED,
            Verdict::NotSeen,
            format!("it had called none of {all} messages kept: {gone} were gone after the kill"),
        ),
        _ if gone > 0 => kept_if(
            rules::KILLED,
            true,
            format!("all {kept} that it had called kept came; gone without a promise: {gone}"),
        ),
        _ => kept_if(rules::KILLED, true, format!("all {kept} that it had called kept came")),
    }
}

pub fn says_kept(evidence: &Evidence<'_>) -> Finding {
    match (evidence.outcome(Fault::KillClient), evidence.said.kept) {
        (None, _) => finding(rules::SAYS_KEPT, Verdict::NotSeen, "it was not killed"),
        (_, 0) => kept_if(rules::SAYS_KEPT, false, "nobody knows what it had kept when it was killed"),
        (_, kept) => kept_if(rules::SAYS_KEPT, true, format!("of {kept} lines")),
    }
}
