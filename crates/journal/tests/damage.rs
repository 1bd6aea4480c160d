//! Damage of every kind, one test each: what is reported, what is set aside, and that reading goes on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use chasm_journal::sim::{PowerCut, SimMedia};
use chasm_journal::{Cut, DamageKind, Folder, Gap, Lsn, OpenError, SegmentId, inspect, open_stepped};
use common::{Run, opened, settings};

/// Three segments of three records each: 1 to 3, 4 to 6, 7 to 9.
fn three_segments() -> SimMedia {
    let media = SimMedia::new();
    let mut run = Run::open(media.clone(), 0);
    for base in [1u8, 4, 7] {
        let records: Vec<_> = (base..base + 3).map(|lsn| vec![lsn; 100]).collect();
        run.append(&records).unwrap();
        run.step();
        let rotate = run.journal.rotate();
        run.step();
        run.block_on(rotate).unwrap();
    }
    media
}

fn name(base: u64) -> String {
    SegmentId(base).file_name()
}

fn lsns(media: &SimMedia, after: u64) -> Vec<u64> {
    opened(media, after).0.into_iter().map(|(lsn, _)| lsn).collect()
}

/// Where the n-th record (from 0) of a segment begins.
fn at(record: u64) -> u64 {
    8192 + record * 120
}

#[test]
fn a_bad_record_is_set_aside_and_reading_goes_on() {
    let media = three_segments();
    let original = media.bytes(Folder::Journal, &name(4)).unwrap();
    media.rot(Folder::Journal, &name(4), |bytes| bytes[at(1) as usize + 50] ^= 1);
    let (records, report) = opened(&media, 0);
    assert_eq!(records.len(), 8);
    let [damage] = report.damage.as_slice() else { panic!("{:?}", report.damage) };
    assert_eq!((damage.segment, damage.at_byte, damage.bytes), (SegmentId(4), at(1), 120));
    assert_eq!((damage.lsn_after, damage.lsn_before), (Lsn(4), Some(Lsn(6))));
    assert_eq!((damage.what, damage.applied, damage.known), (DamageKind::BadChecksum, false, false));
    assert_eq!(damage.quarantined_as.as_deref(), Some("journal-4-8312.bin"));
    let kept = media.bytes(Folder::Quarantine, "journal-4-8312.bin").unwrap();
    let mut expected = original[at(1) as usize..at(2) as usize].to_vec();
    expected[50] ^= 1;
    assert_eq!(kept, expected);
    // Once more: the same, but known; and applied, if it is.
    let (_, report) = opened(&media, 5);
    assert!(report.damage[0].known && report.damage[0].applied);
}

#[test]
fn a_bad_end_of_an_earlier_segment_is_damage_and_no_torn_tail() {
    let media = three_segments();
    media.rot(Folder::Journal, &name(4), |bytes| bytes[at(2) as usize + 5] ^= 1);
    let (records, report) = opened(&media, 0);
    assert_eq!((records.len(), report.torn_tail), (8, None));
    assert_eq!((report.damage[0].lsn_after, report.damage[0].lsn_before), (Lsn(5), Some(Lsn(7))));
    assert!(report.gaps.is_empty());
}

#[test]
fn a_bad_end_of_the_last_segment_is_a_torn_tail() {
    let media = three_segments();
    media.rot(Folder::Journal, &name(7), |bytes| bytes.truncate(at(2) as usize + 33));
    let looked = inspect(&media, &settings(), Lsn(0)).unwrap();
    assert_eq!(looked.torn_tail.unwrap().cut, Cut::Inspected);
    let (_, report) = opened(&media, 0);
    let tail = report.torn_tail.unwrap();
    assert_eq!((tail.segment, tail.at_byte, tail.bytes), (SegmentId(7), at(2), 33));
    assert_eq!(tail.cut, Cut::Quarantined("tail-7-8432.bin".into()));
    assert_eq!(media.bytes(Folder::Journal, &name(7)).unwrap().len() as u64, at(2));
    media.rot(Folder::Journal, &name(7), |bytes| bytes.resize(bytes.len() + 5000, 0));
    assert_eq!(opened(&media, 0).1.torn_tail.unwrap().cut, Cut::Zeroes);
}

#[test]
fn a_missing_or_shortened_segment_is_a_gap() {
    let media = SimMedia::new();
    let whole = three_segments();
    for base in [1, 7] {
        media.put(Folder::Journal, &name(base), &whole.bytes(Folder::Journal, &name(base)).unwrap());
    }
    let (records, report) = opened(&media, 0);
    assert_eq!((records.len(), report.gaps), (6, vec![Gap { from: Lsn(4), to: Lsn(6) }]));
    assert_eq!(opened(&media, 5).1.gaps, [Gap { from: Lsn(6), to: Lsn(6) }]);
    assert_eq!(opened(&media, 6).1.gaps, []);
    let media = three_segments();
    media.rot(Folder::Journal, &name(1), |bytes| bytes.truncate(at(2) as usize));
    assert_eq!(opened(&media, 0).1.gaps, [Gap { from: Lsn(3), to: Lsn(3) }]);
}

#[test]
fn one_header_is_enough() {
    for bad in [0, 4096] {
        let media = three_segments();
        media.rot(Folder::Journal, &name(4), |bytes| bytes[bad..bad + 4096].fill(0xee));
        let (records, report) = opened(&media, 0);
        assert_eq!(records.len(), 9);
        assert_eq!((report.damage[0].what, report.damage[0].at_byte), (DamageKind::HeaderCopy, bad as u64));
        assert!(report.damage[0].applied && report.gaps.is_empty());
    }
}

#[test]
fn a_segment_without_a_header_goes_to_the_quarantine_as_a_whole() {
    for (base, left, next) in
        [(4, vec![1, 2, 3, 7, 8, 9], 10), (7, vec![1, 2, 3, 4, 5, 6], 7 + 8552 / 20 + 1)]
    {
        let media = three_segments();
        media.rot(Folder::Journal, &name(base), |bytes| bytes[..8192].fill(1));
        let (records, report) = opened(&media, 0);
        assert_eq!(records.iter().map(|(lsn, _)| *lsn).collect::<Vec<_>>(), left);
        assert_eq!(report.damage[0].what, DamageKind::HeaderLost);
        assert_eq!(media.bytes(Folder::Quarantine, &format!("journal-{base}-0.bin")).unwrap().len(), 8552);
        assert_eq!(media.bytes(Folder::Journal, &name(base)), None);
        // Numbers that may have been in it are not used again while anyone remembers it.
        let media = three_segments();
        media.rot(Folder::Journal, &name(base), |bytes| bytes[..8192].fill(1));
        let run = Run::open(media, 0);
        assert_eq!(run.append(&[vec![]]).unwrap().first, Lsn(next));
    }
}

#[test]
fn what_the_disk_refuses_is_damage_and_is_never_cut() {
    let media = three_segments();
    media.make_unreadable(&name(7), at(2)..at(2) + 1);
    let before = media.bytes(Folder::Journal, &name(7));
    let (records, report) = opened(&media, 0);
    assert!(records.len() >= 6 && report.torn_tail.is_none());
    assert_eq!(report.damage[0].what, DamageKind::Unreadable);
    assert_eq!(media.bytes(Folder::Journal, &name(7)), before);
    let media = three_segments();
    media.make_unreadable(&name(4), 0..u64::MAX);
    assert_eq!(lsns(&media, 0), [1, 2, 3, 7, 8, 9]);
    let report = opened(&media, 0).1;
    assert_eq!((report.damage[0].what, report.damage[0].lsn_before), (DamageKind::Unreadable, Some(Lsn(7))));
    assert!(report.gaps.is_empty());
}

#[test]
fn a_segment_of_another_version_stops_the_journal() {
    let media = three_segments();
    media.rot(Folder::Journal, &name(7), |bytes| {
        bytes[8] = 9;
        let crc = crc32c::crc32c(&bytes[..4092]).to_le_bytes();
        bytes[4092..4096].copy_from_slice(&crc);
    });
    let refused = inspect(&media, &settings(), Lsn(0)).unwrap_err();
    assert!(
        matches!(refused, OpenError::Format { segment: SegmentId(7), version: 9, flags: 0 }),
        "{refused}"
    );
}

/// A record that holds records of another segment is damaged: nothing inside it is taken for a record, though it would be if
/// both segments had one salt.
#[test]
fn a_forged_record_inside_a_damaged_one_is_not_believed() {
    let make = |salts: usize, records: &[Vec<u8>]| {
        let media = SimMedia::new().power_cut(salts, PowerCut::Nothing);
        let mut run = Run::open(media.clone(), 0);
        run.append(records).unwrap();
        run.step();
        media
    };
    let other = make(0, &[b"first".to_vec(), b"forged".to_vec()]).bytes(Folder::Journal, &name(1)).unwrap();
    let forged = other[8192 + 25..].to_vec();
    for (salts, believed) in [(0, true), (77, false), (78, false)] {
        let media = make(salts, &[forged.repeat(10), b"next".to_vec()]);
        media.rot(Folder::Journal, &name(1), |bytes| bytes[8192] ^= 1);
        let (records, _) = opened(&media, 0);
        let expected: &[u8] = if believed { b"forged" } else { b"next" };
        assert_eq!(records, [(2, expected.to_vec())], "salts {salts}");
    }
}

/// Someone who knows the salt fills a segment with heads that all claim a long record: the search gives up in time.
#[test]
fn a_hostile_segment_is_searched_in_bounded_time() {
    let media = SimMedia::new();
    let mut run = Run::open(media.clone(), 0);
    run.append(&[vec![0; 20]]).unwrap();
    run.step();
    let mut bytes = media.bytes(Folder::Journal, &name(1)).unwrap();
    let marker = bytes[8192..8196].to_vec();
    let size = 4 << 20;
    for index in 0..size / 20u32 {
        let mut head = marker.clone();
        head.extend_from_slice(&[1, 2, 3, 4]);
        head.extend_from_slice(&(size - index * 20).saturating_sub(40).min(size / 2).to_le_bytes());
        head.extend_from_slice(&2u64.to_le_bytes());
        bytes.extend_from_slice(&head);
    }
    media.put(Folder::Journal, &name(1), &bytes);
    let began = std::time::Instant::now();
    let (records, report) = opened(&media, 0);
    assert_eq!(records.len(), 1);
    assert_eq!(report.torn_tail.unwrap().bytes, u64::from(size / 20 * 20));
    // Without the bound: 200,000 checks of 2 MiB each, minutes.
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}

#[test]
fn an_error_of_the_sink_ends_the_opening_and_changes_nothing() {
    let media = three_segments();
    let before = media.operations();
    let mut sink = |lsn: Lsn, _: &[u8]| if lsn == Lsn(5) { Err("full up".into()) } else { Ok(()) };
    let refused = open_stepped(std::sync::Arc::new(media.clone()), settings(), Lsn(0), &mut sink);
    assert_eq!(refused.err().unwrap().to_string(), "record 5: full up");
    assert_eq!(media.operations(), before);
}

#[test]
fn foreign_files_are_left_alone_and_numbers_go_on_behind_what_is_applied() {
    let media = three_segments();
    media.put(Folder::Journal, "notes.txt", b"mine");
    let mut run = Run::open(media.clone(), 50);
    assert_eq!(run.append(&[vec![1]]).unwrap().first, Lsn(51));
    run.step();
    assert_eq!(media.bytes(Folder::Journal, "notes.txt").unwrap(), b"mine");
    let (records, report) = opened(&media, 50);
    assert_eq!((records, report.is_sound()), (vec![(51, vec![1])], true));
}
