//! What the tests on the simulated disk share: a journal that is driven by hand, and small generated records.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::future::Future;
use std::sync::Arc;

use chasm_journal::sim::SimMedia;
use chasm_journal::{
    AppendError, Appended, Durable, Journal, JournalSettings, Lsn, OpenReport, Writer, open_stepped,
};

/// Tiny limits, so that a short history crosses all of them.
pub fn settings() -> JournalSettings {
    JournalSettings {
        segment_bytes: 8192 + 1500,
        max_record_bytes: 1 << 20,
        max_pending_bytes: 1 << 20,
        read_buffer_bytes: 700,
    }
}

pub fn cases(base: u64) -> u64 {
    let factor = std::env::var("CHASM_MODEL_CASES").ok().and_then(|factor| factor.parse::<f64>().ok());
    ((base as f64 * factor.unwrap_or(1.0)) as u64).max(1)
}

pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// Empty, short, zeroes, or longer than the read buffer.
    pub fn record(&mut self) -> Vec<u8> {
        let len = match self.below(6) {
            0 => 0,
            1..=3 => self.below(60),
            4 => self.below(600),
            _ => 700 + self.below(1800),
        };
        if self.below(5) == 0 {
            return vec![0; len];
        }
        (0..len).map(|_| self.next() as u8).collect()
    }
}

pub struct Run {
    pub journal: Journal,
    pub writer: Writer,
    runtime: tokio::runtime::Runtime,
}

impl Run {
    pub fn open(media: SimMedia, after: u64) -> Self {
        let (journal, writer, _) =
            open_stepped(Arc::new(media), settings(), Lsn(after), &mut |_, _| Ok(())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { journal, writer, runtime }
    }

    pub fn append(&self, records: &[Vec<u8>]) -> Result<Appended, AppendError> {
        append(&self.journal, records)
    }

    pub fn step(&mut self) {
        self.writer.step();
    }

    pub fn durable(&self) -> Durable {
        self.journal.durable().borrow().clone()
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

pub fn append(journal: &Journal, records: &[Vec<u8>]) -> Result<Appended, AppendError> {
    let mut batch = journal.batch()?;
    for record in records {
        batch.push(|bytes| bytes.extend_from_slice(record))?;
    }
    Ok(batch.commit().expect("records"))
}

pub type Records = Vec<(u64, Vec<u8>)>;

/// Opens and drops again: what was handed out, and the report.
pub fn opened(media: &SimMedia, after: u64) -> (Records, OpenReport) {
    let mut records = Vec::new();
    let mut sink = |lsn: Lsn, bytes: &[u8]| {
        records.push((lsn.0, bytes.to_vec()));
        Ok(())
    };
    let (_, _, report) = open_stepped(Arc::new(media.clone()), settings(), Lsn(after), &mut sink).unwrap();
    (records, report)
}
