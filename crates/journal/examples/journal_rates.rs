//! Measures the journal on this disk: records a second through group commit, the way of one record from append to durable next to
//! a bare write and fdatasync on a growing file, and how fast a journal is read again. `rates [folder]`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chasm_journal::{AppendError, DiskMedia, Durable, Fate, Journal, JournalSettings, Lsn, inspect, open};

const RECORD: [u8; 300] = [b'x'; 300];
const RECORDS: u64 = 3_000_000;
const ROUNDS: usize = 2000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let folder = Path::new(&base).join(format!("journal-rates-{}", std::process::id()));
    let measured = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn measure(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let media = Arc::new(DiskMedia::open(folder.join("journal"), folder.join("quarantine"))?);
    let settings = JournalSettings::default();
    let (journal, _) = open(media.clone(), settings.clone(), Lsn::NONE, &mut |_, _| Ok(()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;

    for threads in [1, 4] {
        let before = journal.stats().syncs;
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| flood(&journal, RECORDS / threads));
            }
        });
        runtime.block_on(settled(&journal, journal.stats().last_lsn));
        let took = began.elapsed().as_secs_f64();
        let (rate, bytes) = (RECORDS as f64 / took, RECORDS as f64 * 300.0 / took / 1e6);
        let syncs = journal.stats().syncs - before;
        println!(
            "group commit, {threads} threads: {rate:.0} records/s of 300 bytes, {bytes:.0} MB/s, {syncs} syncs"
        );
    }

    let began = Instant::now();
    let report = inspect(media.as_ref(), &settings, Lsn::NONE)?;
    let rate = report.bytes as f64 / began.elapsed().as_secs_f64() / 1e9;
    println!("reading: {} records, {rate:.2} GB/s (page cache)", report.records);

    // In turns, so that both meet the same disk.
    let mut file = OpenOptions::new().append(true).create_new(true).open(folder.join("bare"))?;
    let (mut bare, mut through) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        file.write_all(&RECORD)?;
        file.sync_data()?;
        bare.push(began.elapsed());
        let began = Instant::now();
        let mut batch = journal.batch()?;
        let lsn = batch.push(|bytes| bytes.extend_from_slice(&RECORD))?;
        batch.commit();
        runtime.block_on(settled(&journal, lsn));
        through.push(began.elapsed());
    }
    let (bare, through) = (quantiles(bare), quantiles(through));
    println!("write and fdatasync: p50 {:?}, p99 {:?}", bare.0, bare.1);
    println!("append to durable, one in flight: p50 {:?}, p99 {:?}", through.0, through.1);
    println!("ratio: p50 {:.2}, p99 {:.2}", ratio(through.0, bare.0), ratio(through.1, bare.1));
    runtime.block_on(journal.close());
    Ok(())
}

fn flood(journal: &Journal, records: u64) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    let mut durable = journal.durable();
    let mut left = records;
    while left > 0 {
        durable.mark_unchanged();
        match journal.batch() {
            Ok(mut batch) => {
                for _ in 0..left.min(64) {
                    let _ = batch.push(|bytes| bytes.extend_from_slice(&RECORD));
                }
                left -= left.min(64);
                batch.commit();
            }
            Err(AppendError::Full { .. }) => drop(runtime.block_on(durable.changed())),
            Err(_) => return,
        }
    }
}

async fn settled(journal: &Journal, lsn: Lsn) {
    let settled = |durable: &Durable| durable.fate(lsn) != Fate::Waiting;
    let _ = journal.durable().wait_for(settled).await;
}

fn quantiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    (at(50), at(99))
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
