use super::*;
use crate::commands::conformance::wire::What;
use serde_json::json;

fn message(number: usize, fault: Fault) -> Message {
    Message { session: "s".into(), role: "user", content: format!("m{number}"), number, fault }
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
    judge(&Evidence { round: 1, messages: &messages, outcomes: &[], stored, seen, end })
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
