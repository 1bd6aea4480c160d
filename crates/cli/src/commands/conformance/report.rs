//! What `chasm conformance` says, as text.
//!
//! Never decides anything. Invariant: text of the client or of a recorder under test is cleaned before it reaches a terminal.

use super::client::Tried;
use super::judge::{Finding, told};
use super::rules::Verdict;
use super::server::Check;
use crate::show::state::{self, paint};
use crate::show::text::{clean, one_line, pad};
use crate::show::time::count;

/// Columns of a rule's title.
const TITLE: usize = 48;

pub fn of_client(tried: &Tried) -> String {
    let mut out = format!(
        "{}: {} in {}, {}, seed {}\n\n",
        one_line(&tried.client.join(" ")),
        count(tried.messages as u64, "message"),
        count(tried.sessions as u64, "session"),
        count(u64::from(tried.rounds), "round"),
        tried.seed,
    );
    if let Some(ended) = &tried.ended {
        out.push_str(&format!("{} {ended}\n{}\n", paint(state::RED, "✗"), last_words(tried)));
    }
    for finding in &tried.rules {
        out.push_str(&line(finding));
    }
    out.push('\n');
    for (what, lacks) in
        [("lost", &tried.lost), ("there twice", &tried.twice), ("out of order", &tried.out_of_order)]
    {
        // of one round the rules say it; of several, each rule tells one round only
        if tried.rounds > 1 && !lacks.is_empty() {
            let sign = paint(state::RED, "▲");
            out.push_str(&format!("{sign} {what}: {}\n", one_line(&told(lacks))));
        }
    }
    if tried.ended.is_none() {
        out.push_str(&last_words(tried));
    }
    out.push_str(&match tried.passed {
        true => format!("{} nothing was lost, nothing came twice\n", paint(state::GREEN, "✓")),
        false => format!("{} this client does not keep to the protocol\n", paint(state::RED, "✗")),
    });
    out
}

fn last_words(tried: &Tried) -> String {
    if tried.last_words.is_empty() {
        return String::new();
    }
    let lines = tried.last_words.iter().map(|line| format!("   {}\n", clean(line)));
    format!("what the client said last on stderr:\n{}", lines.collect::<String>())
}

fn line(finding: &Finding) -> String {
    let sign = match (finding.verdict, finding.rule.must) {
        (Verdict::Kept, _) => paint(state::GREEN, "✓"),
        (Verdict::Broken, true) => paint(state::RED, "✗"),
        (Verdict::Broken, false) => paint(state::YELLOW, "!"),
        (Verdict::NotSeen, _) => paint(state::DIM, "–"),
    };
    let what = one_line(&finding.what);
    let mut out = format!("{sign} {} {what}\n", pad(finding.rule.title, TITLE));
    if let Some(advice) = finding.advice {
        out.push_str(&format!("    {}: {advice}\n", finding.rule.id));
    }
    out
}

pub fn of_server(url: &str, checks: &[Check]) -> String {
    let mut out = format!("{}\n\n", one_line(url));
    for check in checks {
        let sign = if check.passed { paint(state::GREEN, "✓") } else { paint(state::RED, "✗") };
        out.push_str(&format!("{sign} {}\n", check.rule));
        if let Some(what) = &check.what {
            out.push_str(&format!("    {}\n", one_line(what)));
        }
    }
    let broken = checks.iter().filter(|check| !check.passed).count();
    out.push_str(&match broken {
        0 => format!("\n{} it keeps to the protocol\n", paint(state::GREEN, "✓")),
        n => format!("\n{} {} of {} do not hold\n", paint(state::RED, "✗"), n, checks.len()),
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::conformance::judge::Lack;
    use crate::commands::conformance::rules;
    use crate::commands::conformance::script::Fault;
    use crate::show::samples;

    #[test]
    fn what_is_broken_comes_with_what_to_do() {
        let finding = |rule: rules::Rule, verdict, what: &str| Finding {
            rule,
            verdict,
            what: what.into(),
            advice: (verdict == Verdict::Broken).then_some(rule.advice),
        };
        let lack = Lack { round: 1, message: 7, session: "s".into(), fault: Fault::LostAck };
        let tried = Tried {
            client: vec!["python3".into(), "bad\u{1b}.py".into()],
            passed: false,
            seed: 1,
            rounds: 1,
            messages: 40,
            sessions: 3,
            lost: vec![lack],
            twice: Vec::new(),
            out_of_order: Vec::new(),
            rules: vec![
                finding(rules::KEEP, Verdict::Broken, "1 of 40 are lost: message 7 under «lost-ack»"),
                finding(rules::ORDER, Verdict::Kept, "3 sessions read as they were said"),
                finding(rules::HELLO, Verdict::NotSeen, "it used REST only"),
                finding(rules::SEQ, Verdict::Broken, "40 of 40 events have no seq"),
            ],
            faults: Vec::new(),
            ended: None,
            last_words: vec!["Traceback".into()],
        };
        insta::assert_snapshot!(samples::plain(&of_client(&tried)));
        let ended = "the client ended with code 2 before the first line was acknowledged";
        let early = samples::plain(&of_client(&Tried { ended: Some(ended.into()), ..tried }));
        let wanted = format!("\n\n✗ {ended}\nwhat the client said last on stderr:\n   Traceback\n\n✗ keeps");
        assert!(early.contains(&wanted) && early.matches("Traceback").count() == 1, "{early}");
    }
}
