//! Trouble at every operation, one at a time: nothing is acknowledged that is not durable, a failed write stalls, a failed sync
//! poisons, `resume` brings a stalled journal back, and nothing acknowledged is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::ErrorKind;

use chasm_journal::sim::{PowerCut, SimMedia, Trouble};
use chasm_journal::{AppendError, Fate, Folder, Lsn, ResumeError, State};
use common::{Rng, Run, cases, opened};

/// What an engine does: appends, gives up what a stall dropped and writes it again, truncates now and then.
struct Engine {
    run: Run,
    waiting: Vec<(u64, Vec<u8>)>,
    acked: Vec<(u64, Vec<u8>)>,
    poisoned: bool,
}

impl Engine {
    fn open(media: &SimMedia) -> Self {
        Self { run: Run::open(media.clone(), 0), waiting: vec![], acked: vec![], poisoned: false }
    }

    fn append(&mut self, records: Vec<Vec<u8>>) {
        if let Ok(appended) = self.run.append(&records) {
            self.waiting.extend((appended.first.0..).zip(records));
        }
    }

    fn step(&mut self) {
        self.run.step();
        let durable = self.run.durable();
        let waiting = std::mem::take(&mut self.waiting);
        let (acked, rest): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(lsn, _)| durable.fate(Lsn(*lsn)) == Fate::Durable);
        self.acked.extend(acked);
        match durable.state {
            State::Open => self.waiting = rest,
            State::Stalled(_) => {
                assert!(rest.iter().all(|(lsn, _)| durable.fate(Lsn(*lsn)) == Fate::Lost));
                assert!(matches!(self.run.journal.batch().err(), Some(AppendError::Stalled(_))));
                self.resume();
                self.append(rest.into_iter().map(|(_, bytes)| bytes).collect());
            }
            State::Poisoned(_) => {
                self.poisoned = true;
                assert!(matches!(self.run.journal.batch().err(), Some(AppendError::Poisoned(_))));
            }
            State::Closed => unreachable!(),
        }
    }

    fn resume(&mut self) {
        for _ in 0..20 {
            let before = self.run.journal.stats().last_lsn;
            let resume = self.run.journal.resume();
            self.run.step();
            match self.run.block_on(resume) {
                Ok(next) => return assert_eq!(next, before.next(), "numbers are not used twice"),
                Err(ResumeError::Disk(_)) => {}
                Err(ResumeError::Poisoned(_)) => {
                    self.poisoned = true;
                    return;
                }
                Err(other) => panic!("{other}"),
            }
        }
        panic!("never resumed");
    }

    fn live(&mut self, seed: u64) {
        let mut rng = Rng::new(seed);
        for _ in 0..10 {
            if self.poisoned {
                return;
            }
            self.append(
                (0..=rng.below(3))
                    .map(|_| rng.record())
                    .filter(|record| !record.is_empty())
                    .chain([vec![1]])
                    .collect(),
            );
            self.step();
        }
        for _ in 0..2 {
            if !self.poisoned {
                self.step();
            }
        }
    }
}

#[test]
fn trouble_at_any_operation_costs_nothing_that_was_acknowledged() {
    let (mut stalls, mut poisons) = (0, 0);
    for seed in 0..cases(15) {
        let smooth = SimMedia::new();
        let mut engine = Engine::open(&smooth);
        engine.live(seed);
        let all: Vec<_> = engine.acked.iter().map(|(_, bytes)| bytes.clone()).collect();
        // The first operation is the opening's own sync of the folder.
        for operation in 1..smooth.operations() {
            for trouble in [
                Trouble::Fail(ErrorKind::StorageFull),
                Trouble::Fail(ErrorKind::Other),
                Trouble::Short(100, ErrorKind::QuotaExceeded),
                Trouble::Short(4000, ErrorKind::Other),
            ] {
                let label = format!("seed {seed}, operation {operation}, {trouble:?}");
                let media = SimMedia::new();
                media.trouble(operation, trouble);
                let mut engine = Engine::open(&media);
                engine.live(seed);
                poisons += usize::from(engine.poisoned);
                stalls += engine.run.durable().lost.len();
                if !engine.poisoned {
                    let acked: Vec<_> = engine.acked.iter().map(|(_, bytes)| bytes.clone()).collect();
                    assert_eq!(acked, all, "{label}");
                }
                for how in [PowerCut::Nothing, PowerCut::Everything, PowerCut::Scattered(seed)] {
                    let (records, report) = opened(&media.power_cut(usize::MAX, how), 0);
                    let acked = records.get(..engine.acked.len()).unwrap_or_default();
                    assert_eq!(acked, engine.acked, "{label}, {how:?}");
                    assert!(report.gaps.is_empty(), "{label}: {:?}", report.gaps);
                    assert!(engine.poisoned || report.is_sound(), "{label}: {:?}", report.damage);
                }
            }
        }
    }
    assert!(stalls > 100 && poisons > 100, "{stalls} stalls, {poisons} poisonings");
}

#[test]
fn trouble_while_opening_loses_nothing() {
    let whole = SimMedia::new();
    let mut run = Run::open(whole.clone(), 0);
    let records: Vec<_> = (0..6u8).map(|byte| vec![byte; 900]).collect();
    for record in &records {
        run.append(std::slice::from_ref(record)).unwrap();
        run.step();
    }
    run.append(&[vec![9; 500]]).unwrap();
    whole.trouble(whole.operations() + 1, Trouble::Fail(ErrorKind::Other));
    run.step();
    let torn = (0..).map(|seed| whole.power_cut(usize::MAX, PowerCut::Torn(seed)));
    let torn =
        torn.into_iter().find(|disk| opened(&disk.power_cut(0, PowerCut::Nothing), 0).1.torn_tail.is_some());
    let torn = torn.unwrap();
    let smooth = torn.power_cut(0, PowerCut::Nothing);
    opened(&smooth, 0);
    assert!(smooth.operations() > 4);
    for operation in 0..smooth.operations() {
        let disk = torn.power_cut(0, PowerCut::Nothing);
        disk.trouble(operation, Trouble::Fail(ErrorKind::StorageFull));
        let mut sink = |_: Lsn, _: &[u8]| Ok(());
        // It may open or refuse; either way the next opening finds everything.
        drop(chasm_journal::open_stepped(
            std::sync::Arc::new(disk.clone()),
            common::settings(),
            Lsn(0),
            &mut sink,
        ));
        let (found, report) = opened(&disk, 0);
        assert_eq!(found.iter().map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>()[..6], records);
        assert!(report.is_sound(), "operation {operation}: {report:?}");
    }
}

#[test]
fn a_full_disk_stalls_until_there_is_room() {
    let media = SimMedia::new();
    let mut run = Run::open(media.clone(), 0);
    run.append(&[vec![1; 100]]).unwrap();
    run.step();
    media.set_capacity(Some(8192 + 200));
    let lost = run.append(&[vec![2; 500]]).unwrap();
    run.step();
    let State::Stalled(fault) = run.durable().state else { panic!("{:?}", run.durable()) };
    assert!(fault.is_full());
    assert_eq!(fault.to_string(), "segment 1: cannot write at byte 8312: no storage space");
    assert_eq!((run.durable().through, run.durable().fate(lost.first)), (Lsn(1), Fate::Lost));
    let refused = run.journal.resume();
    run.step();
    let refused = run.block_on(refused).unwrap_err();
    assert_eq!(refused.to_string(), "journal: only 80 bytes are free, 1048576 are needed");
    // Applied segments can be deleted in a stall: that makes room.
    let purge = run.journal.purge(Lsn(1));
    run.step();
    assert_eq!(run.block_on(purge).unwrap().segments, 1);
    media.set_capacity(Some(4 << 20));
    let resumed = run.journal.resume();
    run.step();
    assert_eq!(run.block_on(resumed).unwrap(), Lsn(3));
    let again = run.append(&[vec![2; 500]]).unwrap();
    run.step();
    assert_eq!(again.first, Lsn(3));
    assert_eq!(run.durable().fate(again.first), Fate::Durable);
    assert_eq!(run.durable().fate(lost.first), Fate::Lost, "even now that `through` has passed it");
    let (records, report) = opened(&media, 1);
    assert_eq!((records, report.is_sound()), (vec![(3, vec![2; 500])], true));
    assert_eq!(media.bytes(Folder::Journal, "00000000000000000001.seg"), None);
}

#[test]
fn a_purge_that_cannot_finish_says_so() {
    let media = SimMedia::new();
    let mut run = Run::open(media.clone(), 0);
    run.append(&[b"secret".to_vec()]).unwrap();
    run.step();
    for ahead in 0..2 {
        media.trouble(media.operations() + ahead, Trouble::Fail(ErrorKind::Other));
        let purge = run.journal.purge(Lsn(1));
        run.step();
        run.block_on(purge).unwrap_err();
    }
    let purge = run.journal.purge(Lsn(1));
    run.step();
    run.block_on(purge).unwrap();
    assert_eq!(opened(&media.power_cut(usize::MAX, PowerCut::Nothing), 0).0, vec![]);
}
