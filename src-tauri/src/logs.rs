//! The log: `logs/chasm-recorder.log` in the data folder, and stderr where somebody looks at it.
//!
//! Owns the file and its bound. Never gets the text of a chat: nobody logs it. Invariant: at most `FILES` files of
//! `FILE_BYTES`; a log that cannot be written stops nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

const FILE: &str = "chasm-recorder.log";
const FILE_BYTES: u64 = 4 * 1024 * 1024;
/// The one in use, and those before it: `.1` is the latest of them.
const FILES: u32 = 4;
/// What is said before the data folder is ours waits in memory, so much of it.
const EARLY_BYTES: usize = 64 * 1024;

/// The running log. What was said is in the file when this is dropped.
pub struct Log {
    file: Arc<Mutex<Rotating>>,
    _guard: WorkerGuard,
}

impl Log {
    /// Begins to log; nothing is written to a file yet.
    pub fn start(filter: Option<&str>) -> Self {
        let file = Arc::new(Mutex::new(Rotating::new(FILE_BYTES)));
        let (writer, guard) = NonBlockingBuilder::default().thread_name("log").finish(Shared(file.clone()));
        let filter = EnvFilter::try_new(filter.unwrap_or("info")).unwrap_or_else(|_| EnvFilter::new("info"));
        let to_file = fmt::layer().with_ansi(false).with_writer(writer).log_internal_errors(false);
        let to_stderr = io::stderr()
            .is_terminal()
            .then(|| fmt::layer().with_writer(io::stderr).log_internal_errors(false).boxed());
        // a second subscriber in one process is a test's; it logs where the first one does
        let _ = tracing_subscriber::registry().with(filter).with(to_file).with(to_stderr).try_init();
        Self { file, _guard: guard }
    }

    /// From now on the log is in this data folder; what was said before comes first.
    pub fn open(&self, data_dir: &Path) {
        let folder = data_dir.join("logs");
        let opened = self.file.lock().unwrap_or_else(PoisonError::into_inner).open(folder.join(FILE));
        if let Err(error) = opened {
            tracing::warn!(%error, folder = %folder.display(), "the log cannot be written");
        }
    }
}

/// Where the logs of a data folder are.
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("logs")
}

struct Shared(Arc<Mutex<Rotating>>);

impl Write for Shared {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).say(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that makes room for a new one when it is full.
struct Rotating {
    limit: u64,
    early: Vec<u8>,
    open: Option<(PathBuf, File, u64)>,
}

impl Rotating {
    const fn new(limit: u64) -> Self {
        Self { limit, early: Vec::new(), open: None }
    }

    fn open(&mut self, path: PathBuf) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            make_private_folder(folder)?;
        }
        let file = private(OpenOptions::new().append(true).create(true)).open(&path)?;
        let bytes = file.metadata()?.len();
        self.open = Some((path, file, bytes));
        let early = std::mem::take(&mut self.early);
        self.say(&early);
        Ok(())
    }

    fn say(&mut self, line: &[u8]) {
        match &self.open {
            None => {
                let room = EARLY_BYTES.saturating_sub(self.early.len());
                self.early.extend_from_slice(line.get(..line.len().min(room)).unwrap_or_default());
                return;
            }
            Some((_, _, bytes)) if bytes + line.len() as u64 > self.limit => self.turn(),
            Some(_) => {}
        }
        if let Some((_, file, bytes)) = &mut self.open
            && file.write_all(line).is_ok()
        {
            *bytes += line.len() as u64;
        }
    }

    /// `.log` becomes `.log.1`, that becomes `.log.2`, and the last one goes.
    fn turn(&mut self) {
        let Some((path, _, _)) = self.open.take() else { return };
        let numbered = |n: u32| PathBuf::from(format!("{}.{n}", path.display()));
        for n in (1..FILES.saturating_sub(1)).rev() {
            let _ = std::fs::rename(numbered(n), numbered(n + 1));
        }
        let _ = std::fs::rename(&path, numbered(1));
        // where that failed, the old file goes on and is too long: better than no log
        let _ = self.open(path);
    }
}

#[cfg(unix)]
fn make_private_folder(path: &Path) -> io::Result<()> {
    std::os::unix::fs::DirBuilderExt::mode(std::fs::DirBuilder::new().recursive(true), 0o700).create(path)
}

#[cfg(not(unix))]
fn make_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_lines_come_first_and_the_files_are_bounded() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("logs").join(FILE);
        let mut log = Rotating::new(40);
        log.say(b"early\n");
        log.open(path.clone()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "early\n");
        for n in 0..20 {
            log.say(format!("line {n:02} of the log\n").as_bytes());
        }
        let mut files: Vec<_> =
            std::fs::read_dir(home.path().join("logs")).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        assert_eq!(files.len(), FILES as usize, "{files:?}");
        assert!(files.iter().all(|f| f.metadata().unwrap().len() <= 40));
        assert!(std::fs::read_to_string(&path).unwrap().contains("line 19"));
    }

    #[test]
    fn a_log_that_cannot_be_written_stops_nothing() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("logs"), "a file").unwrap();
        let mut log = Rotating::new(40);
        assert!(log.open(home.path().join("logs").join(FILE)).is_err());
        log.say(&vec![b'x'; 2 * EARLY_BYTES]);
        assert_eq!(log.early.len(), EARLY_BYTES);
    }
}
