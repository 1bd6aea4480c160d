//! What retention does not keep: too old, or over the size that the database may have.
//!
//! Owns the one query that the dry run and the run share. Deletes nothing. Invariant: a session that is recording, or in the
//! trash, is never chosen, nor a starred one where those are kept; of the others the oldest go first.

use crate::cells::Cells;
use crate::error::{Doing, StoreError};
use crate::open::Store;
use crate::rows::SessionPk;
use crate::sessions::{SUMMARY, summary};
use crate::trash::{IN_SIGHT, keyed};
use chasm_protocol::session::SessionSummary;
use chasm_protocol::{SessionId, State, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

/// Sessions that one step of a run takes.
const ROUND: i64 = 1000;

/// How long sessions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// Sessions whose last event is before this time go. `None`: age is no reason.
    pub before: Option<Timestamp>,
    pub keep_starred: bool,
    /// Bytes that the database may use. `None`: any.
    pub max_bytes: Option<u64>,
}

/// What retention would delete.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expired {
    pub sessions: Vec<SessionPk>,
    pub messages: u64,
    pub interrupted: u64,
    pub oldest: Option<Timestamp>,
    pub newest: Option<Timestamp>,
    /// The oldest first.
    pub sample: Vec<SessionSummary>,
}

impl Store {
    /// What would go now.
    pub async fn expired(&self, expiry: &Expiry, sample: u32) -> Result<Expired, StoreError> {
        let doing = "look for expired sessions";
        let mut tx = self.read().await?;
        let sql = choice(&mut tx, expiry).await?;
        let columns = "SELECT s.pk, s.messages, s.state, s.last_event_at FROM sessions s JOIN";
        let order = "ORDER BY s.last_event_at, s.pk";
        let whole = format!("{columns} ({sql}) x ON x.pk = s.pk {order}");
        let rows = sqlx::query(AssertSqlSafe(whole)).fetch_all(&mut *tx).await.doing(doing)?;
        let mut expired = Expired::default();
        for row in &rows {
            let mut cells = Cells::new("sessions", row);
            expired.sessions.push(SessionPk(cells.int()?));
            expired.messages += cells.uint()?;
            expired.interrupted += u64::from(cells.numbered(State::from_number)? == State::Interrupted);
            let last = cells.time()?;
            expired.oldest.get_or_insert(last);
            expired.newest = Some(last);
        }
        let some =
            format!("SELECT {SUMMARY} FROM sessions s JOIN ({sql}) x ON x.pk = s.pk {order} LIMIT {sample}");
        let rows = sqlx::query(AssertSqlSafe(some)).fetch_all(&mut *tx).await.doing(doing)?;
        for row in &rows {
            expired.sample.push(summary(&mut Cells::new("sessions", row))?.1);
        }
        Ok(expired)
    }

    /// Bytes of these sessions, as [`Store::size_of`] counts them; some at a time, so that no reader stays long.
    pub async fn bytes_of(&self, sessions: &[SessionPk]) -> Result<u64, StoreError> {
        let mut bytes = 0;
        for session in sessions {
            bytes += self.size_of(*session).await?.bytes;
        }
        Ok(bytes)
    }

    /// Bytes of the database that are in use: its file keeps room that was given back, and fills it first.
    pub async fn used_bytes(&self) -> Result<u64, StoreError> {
        let mut tx = self.read().await?;
        used(&mut tx).await.map(i64::cast_unsigned)
    }
}

/// Some of what would go, the oldest first.
pub(crate) async fn some(
    conn: &mut SqliteConnection,
    expiry: &Expiry,
) -> Result<Vec<(i64, SessionId)>, StoreError> {
    let sql = choice(conn, expiry).await?;
    let sql = format!(
        "SELECT s.pk, s.id FROM sessions s JOIN ({sql}) x ON x.pk = s.pk ORDER BY s.last_event_at, s.pk LIMIT {ROUND}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(conn).await.doing("look for expired sessions")?;
    rows.iter().map(keyed).collect()
}

async fn used(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "SELECT (p.page_count - f.freelist_count) * s.page_size
         FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s",
    )
    .fetch_one(conn)
    .await
    .doing("measure the database")
}

/// What a session takes of the database, next to others: exact sizes would mean to read all of it.
const SHARE: &str = "(s.events + s.messages + s.tool_calls + 4)";

/// The query: keys of the sessions that go.
async fn choice(conn: &mut SqliteConnection, expiry: &Expiry) -> Result<String, StoreError> {
    let before = expiry.before.map_or(i64::MIN, Timestamp::as_micros);
    let surplus = match expiry.max_bytes {
        Some(most) => surplus(conn, i64::try_from(most).unwrap_or(i64::MAX)).await?,
        None => 0,
    };
    let recording = State::Recording.number();
    let starred = if expiry.keep_starred { " AND s.starred = 0" } else { "" };
    let eligible = format!("FROM sessions s WHERE s.state <> {recording} AND {IN_SIGHT}{starred}");
    if surplus <= 0 {
        return Ok(format!("SELECT s.pk {eligible} AND s.last_event_at < {before}"));
    }
    Ok(format!(
        "SELECT pk FROM (
            SELECT s.pk AS pk, s.last_event_at AS at,
                sum({SHARE}) OVER (ORDER BY s.last_event_at, s.pk) - {SHARE} AS older {eligible}
         ) WHERE at < {before} OR older < {surplus}"
    ))
}

/// How many shares have to go until the database fits; what is in the trash goes anyway.
async fn surplus(conn: &mut SqliteConnection, most: i64) -> Result<i64, StoreError> {
    let used = used(conn).await?;
    if used <= most {
        return Ok(0);
    }
    let sql = format!(
        "SELECT coalesce(sum({SHARE}), 0), coalesce(sum(iif({IN_SIGHT}, 0, {SHARE})), 0) FROM sessions s"
    );
    let (all, going): (i64, i64) =
        sqlx::query_as(AssertSqlSafe(sql)).fetch_one(conn).await.doing("measure the sessions")?;
    let part = i128::from(used - most) * i128::from(all) / i128::from(used.max(1));
    // One at least: it does not fit.
    Ok(i64::try_from(part).unwrap_or(i64::MAX).max(1).saturating_sub(going))
}
