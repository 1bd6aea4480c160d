//! The outbox against a model: what was appended and not acknowledged comes out, in order, whatever happened in between.

use super::*;
use proptest::prelude::*;

const CLIENT: &str = "model";

fn open(root: &Path, limit: u64) -> Queue {
    Queue::open(root, CLIENT, limit).unwrap().0
}

fn read_all(queue: &mut Queue) -> Vec<(Place, String)> {
    std::iter::from_fn(|| queue.next().unwrap()).map(|(place, entry)| (place, entry.payload)).collect()
}

fn places(read: &[(Place, String)]) -> Vec<Place> {
    read.iter().map(|(place, _)| *place).collect()
}

fn texts(read: &[(Place, String)]) -> Vec<String> {
    read.iter().map(|(_, text)| text.clone()).collect()
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut open = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn logs(root: &Path) -> Vec<PathBuf> {
    files(root).into_iter().filter(|path| path.extension().is_some_and(|end| end == "log")).collect()
}

#[derive(Debug, Clone)]
enum Op {
    Append(usize),
    /// Reads so many, and acknowledges so many of them.
    Send(usize, usize),
    Rewind,
    Clear,
    /// The process is killed; the note of what was acknowledged is lost or not.
    Kill(bool),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => (0usize..3000).prop_map(Op::Append),
        3 => (0usize..9, 0usize..9).prop_map(|(read, acked)| Op::Send(read, acked)),
        1 => Just(Op::Rewind),
        1 => Just(Op::Clear),
        1 => any::<bool>().prop_map(Op::Kill),
    ];
    proptest::collection::vec(op, 1..80)
}

/// What the outbox has to hold: records in order, how many of them are acknowledged, and up to where they were read.
#[derive(Default)]
struct Model {
    waiting: Vec<String>,
    read: usize,
    open: Vec<Place>,
    next: u64,
}

impl Model {
    fn apply(&mut self, op: &Op, queue: &mut Queue, root: &Path) {
        match op {
            Op::Append(len) => {
                self.next += 1;
                let text =
                    format!("{{\"session_id\":\"s\",\"seq\":{},\"x\":\"{}\"}}", self.next, "y".repeat(*len));
                if queue.append(Kind::Event, &text).unwrap().is_some() {
                    self.waiting.push(text);
                }
            }
            Op::Send(read, acked) => {
                for _ in 0..*read {
                    let got = queue.next().unwrap();
                    assert_eq!(got.as_ref().map(|(_, entry)| &entry.payload), self.waiting.get(self.read));
                    let Some((place, _)) = got else { break };
                    self.read += 1;
                    self.open.push(place);
                }
                let done: Vec<Place> = self.open.drain(..self.open.len().min(*acked)).collect();
                queue.ack(&done);
                self.waiting.drain(..done.len());
                self.read -= done.len();
            }
            Op::Rewind => {
                queue.rewind();
                self.read = 0;
                self.open.clear();
            }
            Op::Clear => queue.clear_acked(),
            Op::Kill(forgetful) => self.kill(*forgetful, queue, root),
        }
        assert_eq!(queue.waiting().0, self.waiting.len() as u64);
        assert_eq!(queue.waiting().0 == 0, queue.waiting().1 == 0);
    }

    fn kill(&mut self, forgetful: bool, queue: &mut Queue, root: &Path) {
        let limit = queue.limit();
        let aside = root.join("aside");
        // The lock goes with the process; a queue elsewhere takes the place of this one while it is opened again.
        *queue = open(&aside, limit);
        self.read = 0;
        self.open.clear();
        if forgetful {
            files(&root.join("o")).iter().filter(|path| path.ends_with(NOTE)).for_each(|path| {
                fs::remove_file(path).unwrap();
            });
        }
        *queue = open(&root.join("o"), limit);
        if forgetful {
            // What was acknowledged may come a second time: the recorder knows it. What was not has to come.
            let all = texts(&read_all(queue));
            assert!(all.ends_with(&self.waiting), "{} of {}", all.len(), self.waiting.len());
            self.waiting = all;
            queue.rewind();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_not_acknowledged_comes_out_in_order(ops in ops()) {
        let root = tempfile::tempdir().unwrap();
        let mut queue = open(&root.path().join("o"), 1024 * 1024);
        let mut model = Model::default();
        for op in &ops {
            model.apply(op, &mut queue, root.path());
        }
        queue.rewind();
        let rest = read_all(&mut queue);
        prop_assert_eq!(texts(&rest), model.waiting);
        queue.ack(&places(&rest));
        prop_assert!(queue.is_empty());
        queue.clear_acked();
        prop_assert_eq!(logs(&root.path().join("o")).len(), 0, "what is acknowledged does not stay on disk");
    }

    #[test]
    fn a_file_cut_or_damaged_at_any_byte_loses_no_other_record(at in 0usize..2000, bit in 0u8..8, cut in any::<bool>()) {
        let root = tempfile::tempdir().unwrap();
        let texts_in: Vec<String> = (0..12).map(|n| format!("{{\"n\":{n},\"x\":\"{}\"}}", "z".repeat(n * 9))).collect();
        let mut queue = open(root.path(), 1 << 20);
        for text in &texts_in {
            queue.append(Kind::Event, text).unwrap().unwrap();
        }
        drop(queue);
        let log = logs(root.path()).remove(0);
        let mut bytes = fs::read(&log).unwrap();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        fs::write(&log, &bytes).unwrap();
        let mut queue = open(root.path(), 1 << 20);
        let read = read_all(&mut queue);
        let got = texts(&read);
        if cut {
            prop_assert!(texts_in.starts_with(&got));
        } else {
            prop_assert!(got.len() + 1 >= texts_in.len());
            prop_assert!(got.iter().all(|text| texts_in.contains(text)));
        }
        // Damage does not keep an outbox from being done with.
        queue.ack(&places(&read));
        prop_assert!(queue.next().unwrap().is_none());
        prop_assert!(queue.is_empty(), "{:?}", queue.waiting());
    }
}

#[test]
fn a_full_outbox_says_so_and_has_room_again_when_some_is_acknowledged() {
    let root = tempfile::tempdir().unwrap();
    let limit = 512 * 1024;
    let mut queue = open(root.path(), limit);
    let text = format!("\"{}\"", "x".repeat(1000));
    let mut taken = 0;
    while queue.append(Kind::Event, &text).unwrap().is_some() {
        taken += 1;
    }
    let on_disk: u64 = logs(root.path()).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(on_disk <= limit && on_disk > limit - 2000, "{on_disk}");
    for _ in 0..taken / 2 {
        let (place, _) = queue.next().unwrap().unwrap();
        queue.ack(&[place]);
    }
    assert!(queue.append(Kind::Event, &text).unwrap().is_some());
    let (records, bytes) = queue.waiting();
    assert_eq!(records, taken - taken / 2 + 1);
    assert!(bytes < limit * 6 / 10);
}

#[test]
fn those_who_live_are_left_alone_and_those_who_are_gone_come_first() {
    let root = tempfile::tempdir().unwrap();
    let mut living = open(root.path(), 1 << 20);
    living.append(Kind::Event, "\"living\"").unwrap();
    let mut gone = open(root.path(), 1 << 20);
    gone.append(Kind::Event, "{\"session_id\":\"s\",\"seq\":41}").unwrap();
    gone.append(Kind::Event, "{\"session_id\":\"s\",\"seq\":42}").unwrap();
    drop(gone);
    let (mut next, found) = Queue::open(root.path(), CLIENT, 1 << 20).unwrap();
    assert_eq!((found.events, found.sessions["s"]), (2, 42));
    next.append(Kind::Event, "\"own\"").unwrap();
    let read = read_all(&mut next);
    assert_eq!(read.len(), 3);
    assert_eq!(read[2].1, "\"own\"");
    assert!(read[2].0.is_own() && !read[0].0.is_own());
    assert_eq!(next.read_again(&read[1].0).unwrap().unwrap(), read[1].1);
    next.ack(&places(&read));
    assert!(next.is_empty());
    next.leave();
    assert_eq!(texts(&read_all(&mut living)), ["\"living\""]);
    assert_eq!(logs(root.path()).len(), 1);
}

#[test]
fn what_stays_to_be_synced_is_given_out_once() {
    let root = tempfile::tempdir().unwrap();
    let mut queue = open(root.path(), 1 << 20);
    assert!(queue.unsynced().unwrap().is_empty());
    queue.append(Kind::Event, "1").unwrap();
    assert!(!queue.unsynced().unwrap().is_empty());
    assert!(queue.unsynced().unwrap().is_empty());
    queue.append(Kind::Event, "2").unwrap();
    let read = read_all(&mut queue);
    queue.ack(&places(&read));
    assert!(queue.unsynced().unwrap().is_empty(), "the recorder has it");
}
