use super::*;
use crate::ids::hash;
use crate::jsonl::RawLine;
use chasm_protocol::Timestamp;
use serde_json::Map;
use std::fs;
use std::io::Write;

/// An event a line, named after it.
struct Plain;

impl LineReader for Plain {
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>) {
        out.report.lines += 1;
        let text = String::from_utf8_lossy(&line.bytes).into_owned();
        out.push(crate::EventDraft {
            session_id: "s".into(),
            event_type: "x".into(),
            event_id: format!("{}:{}:{text}", line.number, line.offset),
            timestamp: Timestamp::from_micros(hash(&text) as i64 >> 20),
            data: Map::new(),
        });
    }
}

fn step(file: &mut LineFile<Plain>, last: bool) -> (Vec<String>, Step) {
    let mut ids = Vec::new();
    let step = file.read_on(last, &mut |event| {
        ids.push(event.event_id);
        ControlFlow::Continue(())
    });
    (ids, step.unwrap())
}

fn append(path: &Path, text: &str) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_growing_file_is_read_once_and_half_a_line_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one\ntw").unwrap();
    let mut file = LineFile::of(&path, || Plain);
    assert_eq!(step(&mut file, false), (vec!["1:0:one".into()], Step { bytes: 4, held: 2, anew: false }));
    assert_eq!(step(&mut file, false), (vec![], Step { bytes: 0, held: 2, anew: false }));
    append(&path, "o\n\nthree\n");
    let (ids, at) = step(&mut file, false);
    assert_eq!(
        (ids, at),
        (vec!["2:4:two".into(), "4:9:three".into()], Step { bytes: 11, held: 0, anew: false })
    );
    append(&path, "cut");
    assert_eq!(step(&mut file, true), (vec!["5:15:cut".into()], Step { bytes: 3, held: 0, anew: false }));
    assert_eq!(file.report().lines, 4);
}

#[test]
fn a_file_that_was_replaced_or_made_shorter_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one\ntwo\n").unwrap();
    let mut file = LineFile::of(&path, || Plain);
    step(&mut file, false);
    fs::write(&path, "one\n").unwrap();
    assert_eq!(step(&mut file, false), (vec!["1:0:one".into()], Step { bytes: 4, held: 0, anew: true }));
    fs::write(&path, "other\nand more\n").unwrap();
    let (ids, at) = step(&mut file, false);
    assert_eq!((ids.len(), at.anew, file.report().lines), (2, true, 2));
    fs::remove_file(&path).unwrap();
    assert!(file.read_on(false, &mut |_| ControlFlow::Continue(())).is_err());
    fs::write(&path, "other\nand more\nand this\n").unwrap();
    assert_eq!(step(&mut file, false).0, ["3:15:and this"]);
}

#[test]
fn who_breaks_off_gets_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "one\ntwo\nthree\n").unwrap();
    let mut got = 0;
    let mut each = |_| {
        got += 1;
        if got == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    LineFile::of(&path, || Plain).read_on(true, &mut each).unwrap();
    assert_eq!(got, 2);
}
