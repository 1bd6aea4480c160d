//! Opening: the file and its rights, what kind of file it is, migrations, the check of its structure, setting it aside.
//!
//! Never repairs or deletes a database. Invariant: a store that is handed out has the newest schema.

use crate::connect::{Writer, readers, writer_options};
use crate::error::{Doing, OpenError, StoreError, is_corrupt_code, sqlite_code};
use crate::purge::{PENDING, SCRUB};
use crate::wal::Mover;
use chasm_protocol::Timestamp;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, SqlitePool};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// `PRAGMA application_id` of a database of this program ("CHSR"); stands in the first migration too.
const APPLICATION_ID: i64 = 0x4348_5352;

/// What SQLite puts beside a database.
pub(crate) const SIDE_FILES: [&str; 2] = ["-wal", "-shm"];

/// The database. Clones share it.
#[derive(Clone)]
pub struct Store {
    pub(crate) path: Arc<Path>,
    pub(crate) writer: Arc<Mutex<Writer>>,
    pub(crate) readers: SqlitePool,
    pub(crate) mover: Mover,
    /// Opened before SQLite's connections and closed after them: closing any descriptor of a file gives up all locks that the
    /// process has on it.
    pub(crate) file: Arc<File>,
}

/// Key in `meta`: when the engine stopped cleanly; absent while it runs.
pub const CLEAN_STOP: &str = "clean_stop";
/// Key in `meta`: when the structure was found sound.
pub const CHECKED: &str = "checked";
/// Databases up to this size are looked at each time.
const CHECKED_ALWAYS: u64 = 64 * 1024 * 1024;
const CHECK_EVERY_SECS: f64 = 7.0 * 24.0 * 3600.0;

/// What opening found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReport {
    /// There was no database before.
    pub created: bool,
    /// What `PRAGMA quick_check` complains about; empty: nothing.
    pub quick_check: Vec<String>,
    /// Its structure was looked at now. A large one that was stopped cleanly is looked at once a week.
    pub checked: bool,
    /// Journal records up to this one are in the store.
    pub applied_lsn: u64,
    /// Highest session key that was ever written.
    pub max_pk: i64,
}

impl Store {
    /// Opens the database, or makes a new one where there is none; brings its schema up to date and checks its structure.
    /// The caller holds the data folder's lock: no other process writes it.
    pub async fn open(path: &Path) -> Result<(Self, OpenReport), OpenError> {
        let (file, created) =
            private_file(path).map_err(|source| OpenError::Io { path: path.into(), source })?;
        let failed = |error: sqlx::Error| open_error(path, error);
        let mut conn = writer_options(path).connect().await.map_err(failed)?;
        if !created {
            check_application(&mut conn, path).await?;
        }
        MIGRATIONS.run(&mut conn).await.map_err(|error| migrate_error(path, error))?;
        let checked = !created && is_check_due(&mut conn, &file).await.map_err(failed)?;
        let quick_check = match checked {
            true => quick_check(&mut conn).await.map_err(failed)?,
            false => Vec::new(),
        };
        let (applied_lsn, max_pk, items, pending) = counters(&mut conn).await.map_err(failed)?;
        let store = Self {
            path: path.into(),
            writer: Arc::new(Mutex::new(Writer::new(conn, items, max_pk))),
            readers: readers(path),
            mover: Mover::new(),
            file: Arc::new(file),
        };
        // A damaged database is not written to.
        if quick_check.is_empty() {
            let source = |source| OpenError::Store { path: path.into(), source };
            store.end_deletions(pending).await.map_err(source)?;
        }
        Ok((
            store,
            OpenReport { created, quick_check, checked, applied_lsn: applied_lsn.cast_unsigned(), max_pk },
        ))
    }

    /// A store over these readers that refuses every write.
    pub(crate) fn reading_only(path: &Path, readers: SqlitePool) -> std::io::Result<Self> {
        let file = Arc::new(File::open(path)?);
        let writer = Arc::new(Mutex::new(Writer::closed()));
        Ok(Self { path: path.into(), writer, readers, mover: Mover::new(), file })
    }

    /// Moves a damaged database with its side files into the folder `into`, which is made where it is missing.
    /// Returns the path of the moved database. The database has to be closed.
    pub fn set_aside(path: &Path, into: &Path, at: Timestamp) -> Result<PathBuf, StoreError> {
        let doing = "set the database aside";
        std::fs::create_dir_all(into).map_err(StoreError::io(doing))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = (0..u32::MAX)
            .map(|n| into.join(format!("{name}.{}{}", at.as_millis(), dash(n))))
            .find(|candidate| !candidate.exists())
            .unwrap_or_else(|| into.join(&name));
        std::fs::rename(path, &target).map_err(StoreError::io(doing))?;
        for suffix in SIDE_FILES {
            let side = with_suffix(path, suffix);
            if side.exists() {
                std::fs::rename(&side, with_suffix(&target, suffix)).map_err(StoreError::io(doing))?;
            }
        }
        Ok(target)
    }

    /// Bytes of the database and its write-ahead log.
    pub fn size(&self) -> u64 {
        bytes(&self.path) + self.log_size()
    }

    /// Bytes of the write-ahead log.
    pub(crate) fn log_size(&self) -> u64 {
        bytes(&with_suffix(&self.path, "-wal"))
    }
}

fn bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn dash(n: u32) -> String {
    if n == 0 { String::new() } else { format!("-{n}") }
}

/// Makes sure that the file exists and only its owner can read it; SQLite gives its side files the same rights.
/// True where it was made or is empty.
fn private_file(path: &Path) -> std::io::Result<(File, bool)> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let created = file.metadata()?.len() == 0 && !with_suffix(path, "-wal").exists();
    Ok((file, created))
}

/// Another program's database is none of ours, and not to be migrated.
async fn check_application(conn: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |error| open_error(path, error);
    let id: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *conn).await.map_err(failed)?;
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(conn).await.map_err(failed)?;
    // A crash during the very first migration leaves sqlx's own table at most.
    if id == APPLICATION_ID || tables <= 2 {
        return Ok(());
    }
    Err(OpenError::Corrupt { path: path.into(), what: "it is a database of another program".into() })
}

/// Whether the structure is to be looked at: the look reads the whole file, so a large one that was stopped cleanly, and
/// looked at within a week before that, is taken as it is.
async fn is_check_due(conn: &mut SqliteConnection, file: &File) -> Result<bool, sqlx::Error> {
    if file.metadata().map_or(0, |about| about.len()) <= CHECKED_ALWAYS {
        return Ok(true);
    }
    let texts: Vec<String> =
        sqlx::query_scalar("SELECT value FROM meta WHERE key IN (?, ?) ORDER BY key = ?")
            .bind(CHECKED)
            .bind(CLEAN_STOP)
            .bind(CLEAN_STOP)
            .fetch_all(conn)
            .await?;
    let times: Vec<Timestamp> = texts.iter().filter_map(|text| Timestamp::parse(text).ok()).collect();
    let fresh = matches!(times[..], [checked, stopped] if (0.0..CHECK_EVERY_SECS).contains(&stopped.seconds_since(checked)));
    Ok(!fresh)
}

async fn quick_check(conn: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let found: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(20)").fetch_all(conn).await?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}

/// `applied_lsn`, highest session key, highest counter of items, whether a deletion was cut off.
async fn counters(conn: &mut SqliteConnection) -> Result<(i64, i64, i64, bool), sqlx::Error> {
    sqlx::query_as(
        "SELECT
            coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'applied_lsn'), 0),
            max(coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'max_pk'), 0),
                coalesce((SELECT max(pk) FROM sessions), 0)),
            max(coalesce((SELECT max(pk) FROM messages), 0), coalesce((SELECT max(pk) FROM tool_calls), 0)) / 2,
            EXISTS (SELECT 1 FROM meta WHERE key IN (?, ?))",
    )
    .bind(PENDING)
    .bind(SCRUB)
    .fetch_one(conn)
    .await
}

fn open_error(path: &Path, error: sqlx::Error) -> OpenError {
    let path = PathBuf::from(path);
    match sqlite_code(&error) {
        Some(code) if is_corrupt_code(code) => OpenError::Corrupt { path, what: error.to_string() },
        _ => match Err::<(), _>(error).doing("open the database") {
            Err(source) => OpenError::Store { path, source },
            Ok(()) => OpenError::Store { path, source: StoreError::Closed },
        },
    }
}

fn migrate_error(path: &Path, error: MigrateError) -> OpenError {
    let path_buf = PathBuf::from(path);
    match error {
        MigrateError::VersionMissing(version) => OpenError::Newer { path: path_buf, version },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => open_error(path, error),
        other => OpenError::Corrupt { path: path_buf, what: format!("its schema: {other}") },
    }
}
