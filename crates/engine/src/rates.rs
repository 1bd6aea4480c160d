//! How much was recorded in each of the last seconds.
//!
//! In memory only, from the start on. Invariant: a second that is not known, because it lies before the start or the clock jumped
//! over it, is zero; what stands in the ring of an earlier time is never taken for it.

use chasm_protocol::Timestamp;
use chasm_protocol::status::Rates;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Seconds that are kept.
pub const KEPT: u32 = 15 * 60;
/// Longest step.
pub const STEP_MAX: u32 = 60;

const SECOND: i64 = 1_000_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Which second since the epoch it is of.
    second: i64,
    events: u64,
    syncs: u64,
}

#[derive(Debug)]
pub struct Ring(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    buckets: Vec<Bucket>,
    /// Syncs that were counted so far.
    syncs: u64,
}

impl Ring {
    pub fn new() -> Self {
        let empty = Bucket { second: i64::MIN, events: 0, syncs: 0 };
        Self(Mutex::new(Inner { buckets: vec![empty; KEPT as usize], syncs: 0 }))
    }

    pub fn count_events(&self, events: u64, at: Timestamp) {
        if events > 0
            && let Some(bucket) = self.inner().bucket(at)
        {
            bucket.events += events;
        }
    }

    /// The journal's own count of its syncs, which only grows.
    pub fn note_syncs(&self, total: u64, at: Timestamp) {
        let mut inner = self.inner();
        let new = total.saturating_sub(inner.syncs);
        inner.syncs = inner.syncs.max(total);
        if new > 0
            && let Some(bucket) = inner.bucket(at)
        {
            bucket.syncs += new;
        }
    }

    /// The last whole seconds before `now` in steps; no more steps than are kept.
    pub fn read(&self, step: u32, points: u32, now: Timestamp) -> Rates {
        let step = step.clamp(1, STEP_MAX);
        let points = points.clamp(1, KEPT / step);
        let until = now.as_micros().div_euclid(SECOND);
        let inner = self.inner();
        let sums = (0..i64::from(points)).rev().map(|back| {
            let end = until - back * i64::from(step);
            (end - i64::from(step)..end)
                .filter_map(|second| inner.known(second))
                .fold((0, 0), |(events, syncs), bucket| (events + bucket.events, syncs + bucket.syncs))
        });
        let (events, syncs) = sums.unzip();
        Rates { step_secs: step, until: Timestamp::from_micros(until * SECOND), events, syncs }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn bucket(&mut self, at: Timestamp) -> Option<&mut Bucket> {
        let second = at.as_micros().div_euclid(SECOND);
        let bucket = self.buckets.get_mut(place(second))?;
        if bucket.second != second {
            *bucket = Bucket { second, events: 0, syncs: 0 };
        }
        Some(bucket)
    }

    fn known(&self, second: i64) -> Option<&Bucket> {
        self.buckets.get(place(second)).filter(|bucket| bucket.second == second)
    }
}

fn place(second: i64) -> usize {
    usize::try_from(second.rem_euclid(i64::from(KEPT))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * SECOND + 500_000)
    }

    #[test]
    fn seconds_are_summed_in_steps_oldest_first() {
        let ring = Ring::new();
        for second in 100..110 {
            ring.count_events(u64::try_from(second - 99).unwrap(), at(second));
        }
        ring.note_syncs(7, at(103));
        ring.note_syncs(7, at(104));
        ring.note_syncs(9, at(109));
        // the second that still runs is left out
        ring.count_events(1_000, at(110));
        let rates = ring.read(5, 3, at(110));
        assert_eq!(rates.events, [0, 15, 40]);
        assert_eq!(rates.syncs, [0, 7, 2]);
        assert_eq!((rates.step_secs, rates.until), (5, Timestamp::from_micros(110 * SECOND)));
    }

    #[test]
    fn what_is_older_than_the_ring_is_not_taken_for_new() {
        let ring = Ring::new();
        ring.count_events(5, at(1_000));
        let later = 1_000 + i64::from(KEPT);
        assert_eq!(ring.read(1, 1, at(later + 1)).events, [0]);
        assert_eq!(ring.read(1, KEPT, at(1_001)).events.last(), Some(&5));
        // a clock that is set back finds nothing of the future
        assert!(ring.read(60, 15, at(500)).events.iter().all(|n| *n == 0));
    }

    #[test]
    fn no_more_steps_are_told_than_are_kept() {
        let ring = Ring::new();
        assert_eq!(ring.read(60, 900, at(0)).events.len(), 15);
        assert_eq!(ring.read(10, 90, at(0)).events.len(), 90);
        assert_eq!(ring.read(1, 900, at(0)).syncs.len(), 900);
    }

    proptest! {
        #[test]
        fn the_steps_sum_up_to_the_seconds(
            counts in prop::collection::vec((0_i64..600, 0_u64..50), 0..60),
            step in 1_u32..=60,
        ) {
            let ring = Ring::new();
            counts.iter().for_each(|(second, n)| ring.count_events(*n, at(*second)));
            let span = i64::from(KEPT / step * step);
            let wanted: u64 = counts.iter().filter(|(s, _)| *s >= 600 - span).map(|(_, n)| n).sum();
            let rates = ring.read(step, 900, at(600));
            prop_assert_eq!(rates.events.iter().sum::<u64>(), wanted);
            let fine: u64 = ring.read(1, 900, at(600)).events.iter().rev().take(step as usize).sum();
            prop_assert_eq!(rates.events.last(), Some(&fine));
        }
    }
}
