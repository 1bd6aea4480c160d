//! The bytes of a segment against chance: any records come back; no flipped bit and no cut invents a record, loses one it did not
//! touch, or goes unreported.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use chasm_journal::sim::SimMedia;
use chasm_journal::{Folder, SegmentId};
use common::{Records, Run, opened};
use proptest::collection::vec;
use proptest::prelude::*;

const HEADER: usize = 8192;
const HEAD: usize = 20;

/// One segment with these records, and its bytes.
fn segment(records: &[Vec<u8>]) -> Vec<u8> {
    let media = SimMedia::new();
    let mut run = Run::open(media.clone(), 0);
    run.append(records).unwrap();
    run.step();
    media.bytes(Folder::Journal, &SegmentId(1).file_name()).unwrap()
}

fn disk(bytes: &[u8]) -> SimMedia {
    let media = SimMedia::new();
    media.put(Folder::Journal, &SegmentId(1).file_name(), bytes);
    media
}

fn numbered(records: &[Vec<u8>]) -> Records {
    (1..).zip(records.iter().cloned()).collect()
}

/// Where each record ends.
fn ends(records: &[Vec<u8>]) -> Vec<usize> {
    let mut at = HEADER;
    records
        .iter()
        .map(|record| {
            at += HEAD + record.len();
            at
        })
        .collect()
}

fn records() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let any_bytes = vec(any::<u8>(), 0..300);
    let zeroes = (0..300usize).prop_map(|len| vec![0; len]);
    vec(prop_oneof![4 => any_bytes, 1 => zeroes], 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn any_records_come_back(records in records()) {
        let (found, report) = opened(&disk(&segment(&records)), 0);
        prop_assert_eq!(found, numbered(&records));
        prop_assert!(report.is_sound() && report.torn_tail.is_none());
    }

    #[test]
    fn a_flipped_bit_loses_the_record_it_is_in(records in records(), at in any::<proptest::sample::Index>(), bit in 0..8u8) {
        let mut bytes = segment(&records);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let (found, report) = opened(&disk(&bytes), 0);
        let touched = ends(&records).iter().position(|end| at < *end).filter(|_| at >= HEADER);
        let mut expected = numbered(&records);
        if let Some(touched) = touched {
            expected.remove(touched);
        }
        prop_assert_eq!(found, expected);
        prop_assert_eq!(report.damage.len() + usize::from(report.torn_tail.is_some()), 1);
    }

    #[test]
    fn a_cut_loses_what_is_behind_it(records in records(), at in any::<proptest::sample::Index>()) {
        let bytes = segment(&records);
        let at = at.index(bytes.len());
        let (found, report) = opened(&disk(&bytes[..at]), 0);
        let ends = ends(&records);
        let whole = ends.iter().filter(|end| **end <= at).count();
        prop_assert_eq!(found, numbered(&records[..whole]));
        let on_a_border = at == HEADER || ends.contains(&at);
        prop_assert!(on_a_border || report.torn_tail.is_some() || report.removed == [SegmentId(1)]);
    }

    #[test]
    fn any_overwritten_stretch_loses_only_what_it_touches(
        records in records(),
        at in any::<proptest::sample::Index>(),
        over in vec(any::<u8>(), 1..400),
    ) {
        let mut bytes = segment(&records);
        let at = HEADER + at.index(bytes.len() - HEADER);
        let end = (at + over.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&over[..end - at]);
        let (found, _) = opened(&disk(&bytes), 0);
        let all = numbered(&records);
        prop_assert!(found.iter().all(|record| all.contains(record)));
        let ends = ends(&records);
        for (index, record) in all.iter().enumerate() {
            let start = index.checked_sub(1).map_or(HEADER, |before| ends[before]);
            let untouched = ends[index] <= at || start >= end;
            prop_assert!(!untouched || found.contains(record), "record {} is lost", record.0);
        }
    }

    #[test]
    fn any_bytes_at_all_are_survived(files in vec((1..50u64, vec(any::<u8>(), 0..600), any::<bool>()), 0..4)) {
        let media = SimMedia::new();
        for (base, noise, headed) in files {
            let mut bytes = if headed { segment(&[vec![7; 9]])[..HEADER].to_vec() } else { vec![] };
            bytes.extend(noise);
            media.put(Folder::Journal, &SegmentId(base).file_name(), &bytes);
        }
        let (found, _) = opened(&media, 0);
        prop_assert_eq!(found, vec![]);
    }
}
