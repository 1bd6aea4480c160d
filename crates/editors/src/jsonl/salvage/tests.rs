use super::*;
use proptest::prelude::*;
use serde_json::json;

const SHAPE: Shape = Shape {
    starts: &["{\"type\""],
    is_line: |value| value.get("type").is_some() && value.get("uuid").is_some(),
    is_beginning: |value| value.get("type").is_some(),
};

fn read_line(line: &[u8]) -> Salvaged {
    super::read_line(line, &SHAPE)
}

fn values(line: &[u8]) -> (Vec<Value>, Vec<(u64, usize)>) {
    let got = read_line(line);
    (
        got.found.into_iter().map(|f| f.value).collect(),
        got.losses.iter().map(|l| (l.offset, l.bytes)).collect(),
    )
}

#[test]
fn a_good_line_is_one_value() {
    assert_eq!(values(br#" {"type":"user"} "#), (vec![json!({"type":"user"})], vec![]));
    assert_eq!(values(b"42").0, [json!(42)]);
}

#[test]
fn nul_runs_are_reported_and_what_follows_is_read() {
    let (found, losses) = values(b"\0\0\0\0{\"type\":\"a\"}\0\0{\"type\":\"b\"}");
    assert_eq!(found, [json!({"type":"a"}), json!({"type":"b"})]);
    assert_eq!(losses, [(0, 4), (16, 2)]);
}

#[test]
fn glued_objects_are_parted() {
    let (found, losses) = values(br#"{"type":"a"}{"type":"b"} {"type":"c"}"#);
    assert_eq!(found.len(), 3);
    assert_eq!(losses, [(0, 0)]);
}

#[test]
fn a_torn_line_gives_its_beginning_and_the_next_line() {
    let line = br#"{"type":"user","message":{"content":[{"type":"text","text":"beg{"type":"assistant","uuid":"u2","message":{}}"#;
    let got = read_line(line);
    assert_eq!(got.found.len(), 2, "{:?}", got.losses);
    assert!(got.found[0].cut);
    assert_eq!(got.found[0].value["message"]["content"][0]["text"], "beg");
    assert_eq!(got.found[1].value["uuid"], "u2");
    assert!(!got.found[1].cut);
}

#[test]
fn a_cut_line_is_closed_wherever_it_was_cut() {
    let line = r#"{"type":"user","n":[1,{"a":true}],"message":{"content":"more \"text\" \u00e9\ud83d\ude00"},"uuid":"u"}"#;
    for cut in 15..line.len() {
        let got = read_line(line.as_bytes().get(..cut).unwrap());
        assert_eq!(got.found.len(), 1, "cut at {cut}: {:?}", got.losses);
        assert_eq!(got.found[0].value["type"], "user");
        assert!(got.found[0].cut);
        assert_eq!(got.losses.len(), 1);
    }
    let got = read_line(br#"{"type":"user","message":{"content":"more"#);
    assert_eq!(got.found[0].value["message"]["content"], "more");
}

#[test]
fn rubbish_is_kept_as_text() {
    let got = read_line("no json at all: ünicode".as_bytes());
    assert!(got.found.is_empty());
    assert_eq!(got.losses[0].text, "no json at all: ünicode");
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let got = read_line(deep.as_bytes());
    assert_eq!((got.found.len(), got.losses.len()), (0, 1));
    assert!(got.losses[0].why.contains("recursion"), "{}", got.losses[0].why);
}

#[test]
fn halves_of_surrogates_and_broken_utf8_do_not_lose_the_line() {
    let got = read_line(br#"{"type":"user","t":"half \ud83d"}"#);
    assert_eq!(got.found[0].value["t"], "half \u{FFFD}");
    assert!(got.found[0].verbatim.as_ref().unwrap().contains("\\ud83d"));
    let (found, losses) = values(b"{\"type\":\"user\",\"t\":\"\xff\xfe ok\"}");
    assert_eq!(found[0]["t"], "\u{FFFD}\u{FFFD} ok");
    assert_eq!(losses, [(0, 2)]);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_line(&bytes);
    }

    #[test]
    fn no_json_like_text_panics_or_vanishes(text in r#"[\[\]{}:,"\\a-f0-9u ]{1,80}"#) {
        let got = read_line(text.as_bytes());
        prop_assert!(text.trim().is_empty() || !got.found.is_empty() || !got.losses.is_empty());
    }
}
