//! What the disk itself takes: one append of 300 bytes and one `fdatasync` on a growing file.

use crate::load::Measured;
use crate::report::Report;
use anyhow::Result;
use std::io::Write;
use std::time::{Duration, Instant};

const WRITES: usize = 2_000;

/// Median time of one `fdatasync`.
pub fn sync_times(report: &mut Report) -> Result<Duration> {
    let mut file = tempfile::tempfile()?;
    let mut times = Vec::with_capacity(WRITES);
    let begun = Instant::now();
    for _ in 0..WRITES {
        file.write_all(&[b'x'; 330])?;
        let at = Instant::now();
        file.sync_data()?;
        times.push(at.elapsed());
    }
    let measured = Measured::new(begun.elapsed(), times);
    report.rate("fdatasync alone, one after the other", &measured);
    Ok(measured.p50())
}
