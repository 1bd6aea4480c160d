//! The model test: generated histories on a simulated disk, cut at every operation in every way a power cut can leave a disk,
//! recovered, cut again inside the recovery, and compared with what was acknowledged. `CHASM_MODEL_CASES` multiplies it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use chasm_journal::sim::{PowerCut, SimMedia};
use chasm_journal::{Cut, Folder, Lsn, Media, OpenReport, SegmentId, State, inspect};
use common::{Rng, Run, cases, opened, settings};

/// What a history promised at each moment.
#[derive(Default)]
struct Story {
    /// All records ever handed to the journal.
    written: BTreeMap<u64, Vec<u8>>,
    /// From this operation on, this much was acknowledged.
    acked: Vec<(usize, u64)>,
    /// From this operation on, the store has this much.
    applied: Vec<(usize, u64)>,
    /// From this operation on, these numbers are given up for good.
    given_up: Vec<(usize, u64, u64)>,
}

impl Story {
    fn at(marks: &[(usize, u64)], operation: usize) -> u64 {
        marks.iter().rev().find(|(at, _)| *at <= operation).map_or(0, |(_, lsn)| *lsn)
    }

    fn is_given_up(&self, lsn: u64, operation: usize) -> bool {
        self.given_up.iter().any(|(at, first, last)| *at <= operation && (*first..=*last).contains(&lsn))
    }

    fn was_ever_given_up(&self, lsn: u64) -> bool {
        self.is_given_up(lsn, usize::MAX)
    }
}

fn history(seed: u64) -> (SimMedia, Story) {
    let mut rng = Rng::new(seed);
    let media = SimMedia::new();
    let mut run = Run::open(media.clone(), 0);
    let mut story = Story::default();
    let steps = 8 + rng.below(14);
    for _ in 0..steps {
        match rng.below(12) {
            0..=5 => append(&mut run, &mut rng, &mut story),
            6 => run.step(),
            7 => {
                let applied = apply(&run, &mut rng, &mut story, &media);
                run.journal.truncate(Lsn(applied));
                run.step();
            }
            8 => {
                let applied = apply(&run, &mut rng, &mut story, &media);
                let purge = run.journal.purge(Lsn(applied));
                run.step();
                run.block_on(purge).unwrap();
            }
            9 => {
                let rotate = run.journal.rotate();
                run.step();
                run.block_on(rotate).unwrap();
            }
            _ => stall(&mut run, &mut rng, &mut story, &media),
        }
        note_ack(&run, &mut story, &media);
    }
    run.step();
    note_ack(&run, &mut story, &media);
    (media, story)
}

fn append(run: &mut Run, rng: &mut Rng, story: &mut Story) {
    for _ in 0..=rng.below(3) {
        let records: Vec<_> = (0..=rng.below(3)).map(|_| rng.record()).collect();
        let first = run.append(&records).unwrap().first.0;
        story.written.extend((first..).zip(records));
    }
    if rng.below(4) > 0 {
        run.step();
    }
}

/// The store has synced a part of what is durable.
fn apply(run: &Run, rng: &mut Rng, story: &mut Story, media: &SimMedia) -> u64 {
    let durable = run.durable().through.0;
    let before = Story::at(&story.applied, usize::MAX);
    let applied = durable - rng.below((durable - before) as usize + 1) as u64;
    story.applied.push((media.operations(), applied));
    applied
}

/// The disk is full, or a write goes wrong; the engine gives up what was not durable and resumes.
fn stall(run: &mut Run, rng: &mut Rng, story: &mut Story, media: &SimMedia) {
    run.step();
    note_ack(run, story, media);
    let trouble = if rng.below(2) == 0 {
        chasm_journal::sim::Trouble::Short(rng.below(900), std::io::ErrorKind::StorageFull)
    } else {
        chasm_journal::sim::Trouble::Fail(std::io::ErrorKind::Other)
    };
    for ahead in 0..4 {
        // Whatever operation comes first, write or create, fails; so may cutting back.
        if ahead == 0 || rng.below(2) == 0 {
            media.trouble(media.operations() + ahead, trouble);
        }
    }
    append(run, rng, story);
    run.step();
    if !matches!(run.durable().state, State::Stalled(_)) {
        return; // It met a sync and is poisoned; or nothing was written.
    }
    for _ in 0..6 {
        let resume = run.journal.resume();
        run.step();
        if run.block_on(resume).is_ok() {
            break;
        }
    }
    for (first, last) in run.durable().lost.iter() {
        story.given_up.push((media.operations(), first.0, last.0));
    }
}

fn note_ack(run: &Run, story: &mut Story, media: &SimMedia) {
    story.acked.push((media.operations(), run.durable().through.0));
    if !matches!(run.durable().state, State::Open) && run.journal.batch().is_ok() {
        panic!("a journal that is not open takes records");
    }
}

#[test]
fn every_cut_leaves_what_was_acknowledged() {
    let (mut cuts, mut recoveries) = (0, 0);
    for seed in 0..cases(150) {
        let (media, story) = history(seed);
        for operation in 0..=media.operations() {
            let dice = seed.wrapping_mul(1_000_003).wrapping_add(operation as u64);
            for how in [
                PowerCut::Nothing,
                PowerCut::Everything,
                PowerCut::Torn(dice),
                PowerCut::Torn(dice ^ 0xffff_0000),
                PowerCut::Scattered(dice),
                PowerCut::Scattered(dice ^ 0xffff_0000),
            ] {
                let label = format!("seed {seed}, cut before operation {operation}, {how:?}");
                let disk = crashed(&media, operation, how);
                recoveries += survive(&disk, &story, operation, how, &label);
                cuts += 1;
            }
        }
    }
    println!("{cuts} power cuts, {recoveries} recoveries");
}

/// `Everything` stands for a mere kill: all is there, but what was not synced still is not.
fn crashed(media: &SimMedia, operation: usize, how: PowerCut) -> SimMedia {
    match how {
        PowerCut::Everything => media.kill(operation),
        how => media.power_cut(operation, how),
    }
}

/// Recovers a disk and holds it against the story. Returns how often it recovered.
fn survive(disk: &SimMedia, story: &Story, operation: usize, how: PowerCut, label: &str) -> usize {
    let applied = Story::at(&story.applied, operation);
    let acked = Story::at(&story.acked, operation);
    let before = disk.operations();
    let looked = inspect(disk, &settings(), Lsn(applied)).unwrap();
    assert_eq!(disk.operations(), before, "{label}: inspecting changed something");
    let (records, report) = opened(disk, applied);
    hold(&records, story, operation, applied, acked, label);
    hold_report(&report, &looked, acked, how, label);
    hold_tails(disk, &report, label);

    // What was handed out is on disk now, whatever happens next; and a second look finds nothing torn.
    let recovery = disk.operations();
    for second in [disk.clone(), disk.power_cut(recovery, PowerCut::Nothing)] {
        let (again, report) = opened(&second, applied);
        assert_eq!(again, records, "{label}: the second recovery differs");
        assert_eq!((report.torn_tail, report.withdrawn), (None, vec![]), "{label}");
        assert!(report.damage.iter().all(|damage| damage.known), "{label}: {:?}", report.damage);
    }

    // A cut inside the recovery.
    let cut = before + Rng::new(operation as u64).below(recovery - before + 1);
    for how in [PowerCut::Torn(operation as u64), PowerCut::Scattered(operation as u64)] {
        let (records, _) = opened(&disk.power_cut(cut, how), applied);
        let label = format!("{label}; then before operation {cut} of the recovery, {how:?}");
        hold(&records, story, operation, applied, acked, &label);
    }
    go_on(disk, &records, applied, label);
    6
}

fn hold(records: &[(u64, Vec<u8>)], story: &Story, operation: usize, applied: u64, acked: u64, label: &str) {
    assert!(records.is_sorted_by_key(|(lsn, _)| *lsn), "{label}: out of order");
    for (lsn, bytes) in records {
        assert!(*lsn > applied, "{label}: record {lsn} is applied already");
        assert_eq!(story.written.get(lsn), Some(bytes), "{label}: record {lsn} was never written");
        assert!(!story.is_given_up(*lsn, operation), "{label}: record {lsn} was given up");
    }
    let found: std::collections::BTreeSet<_> = records.iter().map(|(lsn, _)| *lsn).collect();
    assert_eq!(found.len(), records.len(), "{label}: a record twice");
    for lsn in applied + 1..=acked {
        assert!(
            found.contains(&lsn) || story.was_ever_given_up(lsn),
            "{label}: record {lsn} was acknowledged and is lost (acknowledged {acked}, applied {applied})"
        );
    }
}

fn hold_report(report: &OpenReport, looked: &OpenReport, acked: u64, how: PowerCut, label: &str) {
    assert!(report.gaps.is_empty(), "{label}: {:?}", report.gaps);
    assert_eq!((report.records, report.last_lsn), (looked.records, looked.last_lsn), "{label}");
    assert_eq!(report.removed, looked.removed, "{label}");
    // Only sectors out of order can look like damage, and only in what was never acknowledged.
    let may_look_damaged = matches!(how, PowerCut::Scattered(_));
    assert!(may_look_damaged || report.damage.is_empty(), "{label}: {:?}", report.damage);
    for damage in &report.damage {
        // Or in a segment whose deletion the cut undid, while the next one stays deleted: its torn tail looks like damage.
        assert!(
            damage.applied || damage.lsn_after.0 >= acked,
            "{label}: acknowledged up to {acked}, {damage:?}"
        );
        assert!(damage.quarantined_as.is_some(), "{label}: {damage:?}");
    }
}

/// What was cut is in the quarantine, unless it was nothing.
fn hold_tails(disk: &SimMedia, report: &OpenReport, label: &str) {
    for tail in report.torn_tail.iter().chain(&report.withdrawn) {
        match &tail.cut {
            Cut::Zeroes => {}
            Cut::Quarantined(name) => {
                let kept = disk.bytes(Folder::Quarantine, name).expect(name);
                assert_eq!(kept.len() as u64, tail.bytes, "{label}: {tail}");
            }
            other => panic!("{label}: {other:?}"),
        }
    }
}

/// Appending goes on behind a recovery, and both old and new are there after the next.
fn go_on(disk: &SimMedia, records: &[(u64, Vec<u8>)], applied: u64, label: &str) {
    let mut run = Run::open(disk.clone(), applied);
    let more = [b"after the crash".to_vec(), vec![]];
    let appended = run.append(&more).unwrap();
    assert!(appended.first.0 > records.last().map_or(applied, |(lsn, _)| *lsn), "{label}");
    run.step();
    assert_eq!(run.durable().through, appended.last, "{label}");
    let (all, report) = opened(&disk.power_cut(usize::MAX, PowerCut::Nothing), applied);
    let expected: Vec<_> = records.iter().cloned().chain((appended.first.0..).zip(more)).collect();
    assert_eq!(all, expected, "{label}");
    assert_eq!(report.torn_tail, None, "{label}");
}

/// The recovery itself, cut at every one of its operations.
#[test]
fn every_cut_inside_a_recovery_is_survived() {
    for seed in 0..cases(40) {
        let (media, story) = history(seed ^ 0xabcd);
        let operation = media.operations() - Rng::new(seed).below(4).min(media.operations());
        let (applied, acked) = (Story::at(&story.applied, operation), Story::at(&story.acked, operation));
        for how in (0..6).map(|dice| PowerCut::Scattered(seed ^ dice << 32)).chain([PowerCut::Everything]) {
            let disk = crashed(&media, operation, how);
            let before = disk.operations();
            opened(&disk, applied);
            for cut in before..=disk.operations() {
                // Killed there, and the power cut once the next recovery is done: what it calls kept is kept.
                let killed = disk.kill(cut);
                let (_, report) = opened(&killed, applied);
                hold_tails(&killed.power_cut(usize::MAX, PowerCut::Nothing), &report, "killed in recovery");
                for again in [PowerCut::Nothing, PowerCut::Torn(seed), PowerCut::Scattered(seed)] {
                    let label = format!("seed {seed}, {how:?}, cut {cut}, {again:?}");
                    let (records, report) = opened(&disk.power_cut(cut, again), applied);
                    hold(&records, &story, operation, applied, acked, &label);
                    assert!(report.gaps.is_empty(), "{label}");
                }
            }
        }
    }
}

#[test]
fn the_histories_reach_what_they_should() {
    let (mut segments, mut stalls, mut removed) = (0, 0, 0);
    for seed in 0..40 {
        let (media, story) = history(seed);
        segments = segments.max(media.list(Folder::Journal).unwrap().len());
        stalls += story.given_up.len();
        let first = SegmentId(1).file_name();
        removed += usize::from(media.bytes(Folder::Journal, &first).is_none());
    }
    assert!(segments >= 4 && stalls >= 10 && removed >= 10, "{segments} {stalls} {removed}");
    let _: Arc<dyn Media> = Arc::new(SimMedia::new());
}
