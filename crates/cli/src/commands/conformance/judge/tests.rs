use super::*;
use crate::commands::conformance::wire::What;
use serde_json::json;

fn message(number: usize, fault: Fault) -> Message {
    Message {
        session: "s".into(),
        role: "user",
        content: format!("m{number}"),
        number,
        fault,
        pieces: Vec::new(),
    }
}

fn event(number: usize) -> Value {
    json!({"session_id": "s", "event_type": "message", "event_id": format!("e{number}"), "seq": number, "timestamp": number,
        "data": {"role": "user", "content": format!("m{number}")}})
}

fn stored(contents: &[usize]) -> BTreeMap<String, Stored> {
    let stored = Stored {
        contents: contents.iter().map(|number| format!("m{number}")).collect(),
        events: contents.iter().map(|number| event(*number)).collect(),
        missing: Vec::new(),
    };
    BTreeMap::from([("s".to_owned(), stored)])
}

fn judged(stored: &BTreeMap<String, Stored>, seen: &Seen, end: &End) -> Judgement {
    let messages: Vec<Message> =
        (1..=3).map(|n| message(n, if n == 1 { Fault::Calm } else { Fault::Cut })).collect();
    let said = Said::default();
    judge(&Evidence { round: 1, messages: &messages, outcomes: &[], stored, seen, end, early: false, said })
}

fn verdict(judgement: &Judgement, id: &str) -> (Verdict, String) {
    let finding = judgement.findings.iter().find(|finding| finding.rule.id == id).unwrap();
    (finding.verdict, finding.what.clone())
}

#[test]
fn what_is_right_passes() {
    let judgement = judged(&stored(&[1, 2, 3]), &Seen::default(), &End::Exited(Some(0)));
    assert!(judgement.passed(), "{judgement:?}");
    assert_eq!(verdict(&judgement, "keep"), (Verdict::Kept, "all 3 messages are recorded".into()));
    assert_eq!(verdict(&judgement, "same").0, Verdict::NotSeen);
    let ids: Vec<&str> = judgement.findings.iter().map(|finding| finding.rule.id).collect();
    assert_eq!(ids, rules::ALL.map(|rule| rule.id));
}

#[test]
fn what_is_lost_is_named_with_its_fault() {
    let judgement = judged(&stored(&[1]), &Seen::default(), &End::Exited(Some(0)));
    assert!(!judgement.passed());
    let wanted = "2 of 3 are lost: messages 2, 3 under «cut»; 2 of them were never sent";
    assert_eq!(verdict(&judgement, "keep"), (Verdict::Broken, wanted.into()));
    assert_eq!(verdict(&judgement, "finish").0, Verdict::Broken);
}

#[test]
fn a_run_is_told_by_its_ends() {
    assert_eq!(runs(&[3, 4, 9, 10, 11, 12, 14]), "3, 4, 9–12, 14");
    assert_eq!(runs(&[1, 2, 3]), "1–3");
    assert_eq!(runs(&[7]), "7");
}

#[test]
fn what_did_not_happen_is_not_called_kept() {
    let judgement = judged(&stored(&[]), &Seen::default(), &End::Exited(Some(2)));
    for id in ["order", "well-formed", "hello", "backoff"] {
        assert_eq!(verdict(&judgement, id).0, Verdict::NotSeen, "{id}");
    }
    assert_eq!(verdict(&judgement, "hello").1, "it never connected");
    let kept = judgement.findings.iter().filter(|finding| finding.verdict == Verdict::Kept);
    assert_eq!(kept.count(), 0, "{judgement:?}");
}

#[test]
fn what_is_twice_or_out_of_place_is_named() {
    let judgement = judged(&stored(&[2, 1, 3, 3]), &Seen::default(), &End::Exited(Some(0)));
    assert!(!judgement.passed());
    assert_eq!(verdict(&judgement, "same").1, "1 came twice: message 3 under «cut»");
    assert_eq!(verdict(&judgement, "order").1, "1 stand too late in their session: message 1 under «calm»");
}

#[test]
fn what_is_sent_again_has_to_be_the_same() {
    let mut seen = Seen::default();
    let number = seen.connect();
    for id in ["a", "b"] {
        let mut event = event(1);
        event["event_id"] = json!(id);
        seen.client_said(number, &What::Text { text: event.to_string(), masked: true });
    }
    let judgement = judged(&stored(&[1, 2, 3]), &seen, &End::Exited(Some(0)));
    assert_eq!(verdict(&judgement, "same"), (Verdict::Broken, "1 sent again with another event_id".into()));
    assert!(!judgement.passed());
}

#[test]
fn advice_alone_does_not_fail_a_client() {
    let mut stored = stored(&[1, 2, 3]);
    for event in &mut stored.get_mut("s").unwrap().events {
        event.as_object_mut().unwrap().remove("seq");
    }
    let judgement = judged(&stored, &Seen::default(), &End::Exited(Some(0)));
    assert_eq!(verdict(&judgement, "seq").0, Verdict::Broken);
    assert!(judgement.passed());
    assert!(!judged(&stored, &Seen::default(), &End::Exited(Some(2))).passed());
    assert!(!judged(&stored, &Seen::default(), &End::TooLate).passed());
}

/// One answer in two pieces, judged by these events and by how it reads.
fn streamed(events: &[Value], reads: &[&str], said: Said) -> Judgement {
    let answer =
        Message { content: "ab".into(), pieces: vec!["a".into(), "b".into()], ..message(2, Fault::Cut) };
    let stored = Stored {
        contents: reads.iter().map(|text| (*text).to_owned()).collect(),
        events: events.to_vec(),
        missing: Vec::new(),
    };
    judge(&Evidence {
        round: 1,
        messages: &[answer],
        outcomes: &[],
        stored: &BTreeMap::from([("s".to_owned(), stored)]),
        seen: &Seen::default(),
        end: &End::Exited(Some(0)),
        early: false,
        said,
    })
}

fn piece(text: &str) -> Value {
    json!({"session_id": "s", "event_type": "message_delta", "event_id": text, "seq": text.bytes().map(u64::from).sum::<u64>(), "timestamp": 1,
        "data": {"message_id": "s-m2", "delta": text}})
}

fn whole(id: &str) -> Value {
    json!({"session_id": "s", "event_type": "message", "event_id": "w", "seq": 3, "timestamp": 1,
        "data": {"message_id": id, "content": "ab"}})
}

/// The rules that are broken.
fn broken(judgement: &Judgement) -> Vec<&str> {
    let broken = judgement.findings.iter().filter(|finding| finding.verdict == Verdict::Broken);
    broken.map(|finding| finding.rule.id).collect()
}

#[test]
fn pieces_are_held_against_the_whole() {
    let (a, b, end) = (piece("a"), piece("b"), whole("s-m2"));
    let of = |events: &[&Value], reads: &[&str]| {
        let events: Vec<Value> = events.iter().map(|event| (*event).clone()).collect();
        streamed(&events, reads, Said::default())
    };
    let right = of(&[&a, &b, &end], &["ab"]);
    assert!(right.passed() && broken(&right).is_empty(), "{right:?}");
    assert_eq!(verdict(&right, "stream"), (Verdict::Kept, "1 answer came in pieces and as a whole".into()));
    assert!(of(&[&piece("ab"), &end], &["ab"]).passed(), "two pieces in one event");
    let twice = of(&[&a, &b, &b, &end], &["ab"]);
    assert_eq!((broken(&twice), twice.twice.len()), (vec!["same"], 1));
    let lacks = of(&[&a, &end], &["ab"]);
    assert_eq!((broken(&lacks), lacks.lost.len()), (vec!["keep", "finish"], 1));
    assert!(
        verdict(&lacks, "keep")
            .1
            .ends_with("1 of them in part: a piece of an answer; 1 of them were never sent")
    );
    assert_eq!(broken(&of(&[&a, &b], &["ab"])), ["keep", "finish"], "the whole is not there");
    assert_eq!(broken(&of(&[&b, &a, &end], &["ab"])), ["order"]);
    assert_eq!(broken(&of(&[&a, &end, &b], &["abb"])), ["order"], "the whole came amid the pieces");
    assert_eq!(broken(&of(&[&a, &b, &whole("other")], &["ab", "ab"])), ["stream"]);
    assert_eq!(broken(&of(&[&a, &piece("B"), &end], &["ab"])), ["stream"]);
}

#[test]
fn one_without_pieces_has_to_say_so() {
    let silent = streamed(&[whole("s-m2")], &["ab"], Said::default());
    assert_eq!(broken(&silent), ["stream"]);
    let frank = streamed(&[whole("s-m2")], &["ab"], Said { kept: 1, skipped: 2 });
    assert_eq!((frank.passed(), verdict(&frank, "stream").0), (true, Verdict::NotSeen));
    // who streams is held to all of it
    let half = streamed(&[piece("a"), whole("s-m2")], &["ab"], Said { kept: 2, skipped: 1 });
    assert_eq!(broken(&half), ["keep", "finish"]);
}

/// Messages 1 and 2 were told before the kill, 3 after it.
fn killed(there: &[usize], open: &[usize], kept: usize) -> Judgement {
    let messages: Vec<Message> = (1..=3).map(|n| message(n, Fault::KillClient)).collect();
    let promise = Promise { told: BTreeSet::from([1, 2]), open: open.iter().copied().collect() };
    let outcome = Outcome {
        fault: Fault::KillClient,
        round: 1,
        messages: 3,
        struck: true,
        settled: true,
        noticed: None,
        knocks: None,
        sent_while_paused: None,
        kept: Some(promise.kept()),
        promise: Some(promise),
    };
    judge(&Evidence {
        round: 1,
        messages: &messages,
        outcomes: &[outcome],
        stored: &stored(there),
        seen: &Seen::default(),
        end: &End::Exited(Some(0)),
        early: false,
        said: Said { kept, skipped: 0 },
    })
}

#[test]
fn a_promise_is_held_and_nothing_else() {
    let kept = killed(&[1, 3], &[2], 2);
    let says = "all 1 that it had called kept came; gone without a promise: 1";
    assert_eq!(verdict(&kept, "killed"), (Verdict::Kept, says.into()));
    assert!(kept.passed() && broken(&kept).is_empty() && kept.lost.is_empty(), "{kept:?}");
    let lost = killed(&[2, 3], &[], 3);
    assert_eq!((broken(&lost), lost.passed(), lost.lost.len()), (vec!["killed"], false, 1));
    assert_eq!(
        verdict(&lost, "killed").1,
        "1 of 2 that it had called kept are gone: message 1 under «kill-client»"
    );
    assert_eq!(
        broken(&killed(&[1, 2], &[], 3)),
        ["keep", "finish"],
        "what came after the kill is as any other"
    );
    assert_eq!(
        broken(&killed(&[1, 1, 2, 3], &[1, 2], 3)),
        ["same"],
        "what was not promised may not come twice"
    );
}

#[test]
fn who_promises_nothing_is_told_what_was_gone() {
    let silent = killed(&[1, 3], &[1, 2], 0);
    assert_eq!((silent.passed(), broken(&silent)), (true, vec!["says-kept"]));
    let says = "cannot be judged, it never says «kept»: 1 of 2 messages were gone after the kill";
    assert_eq!(verdict(&silent, "killed"), (Verdict::NotSeen, says.into()));
    let late = killed(&[3], &[1, 2], 1);
    assert_eq!((late.passed(), broken(&late)), (true, vec![]));
    assert_eq!(verdict(&late, "killed").0, Verdict::NotSeen);
}
