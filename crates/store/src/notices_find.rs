//! The notices that a filter finds, newest first, with the titles of their sessions.
//!
//! Writes nothing. SQL narrows by time, kind and session; words are compared here, because SQLite knows upper and lower case of
//! ASCII alone. Invariant: it reads in batches, so that memory does not grow with the number of notices.

use crate::cells::Cells;
use crate::cursor::{Cursor, Parts};
use crate::error::{Doing, StoreError};
use crate::open::Store;
use crate::titles;
use crate::words::folded;
use chasm_protocol::LifecycleEvent;
use chasm_protocol::api::{NoticeFilter, NoticePage};
use chasm_protocol::lifecycle::Notice;
use chasm_protocol::limits;
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};
use std::collections::{BTreeMap, HashMap};

const TAG: &str = "n";
/// Rows that are looked through at a time for words.
const BATCH: usize = 2_000;

impl Store {
    pub async fn find_notices(&self, filter: &NoticeFilter) -> Result<NoticePage, StoreError> {
        let mut before = filter.cursor.as_deref().map_or(Ok(i64::MAX), before)?;
        let limit = usize::try_from(filter.limit.clamp(1, limits::PAGE_MAX)).unwrap_or(1);
        let words = filter.q.as_deref().map(Words::of).unwrap_or_default();
        let batch = if words.is_empty() { limit + 1 } else { BATCH.max(limit + 1) };
        let (mut found, mut known) = (Vec::new(), Known::default());
        let mut tx = self.read().await?;
        while found.len() <= limit {
            let rows = rows(&mut tx, filter, before, batch).await?;
            let Some(last) = rows.last() else { break };
            before = last.id.cast_signed();
            let complete = rows.len() < batch;
            known.learn(&mut tx, &rows).await?;
            let wanted = |n: &Notice| is_about(n, filter.session.as_deref()) && words.are_in(n, &known);
            found.extend(rows.into_iter().filter(wanted));
            if complete {
                break;
            }
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next_cursor =
            found.last().filter(|_| more).map(|n| Cursor::new(TAG).int(n.id.cast_signed()).finish());
        found.iter_mut().for_each(|notice| notice.titles = known.of(&notice.event));
        Ok(NoticePage { notices: found, next_cursor })
    }
}

fn before(cursor: &str) -> Result<i64, StoreError> {
    let (mut parts, tag) = Parts::open(cursor);
    let id = parts.int()?;
    parts.end()?;
    if tag == TAG { Ok(id) } else { Err(StoreError::BadCursor) }
}

async fn rows(
    conn: &mut SqliteConnection,
    filter: &NoticeFilter,
    before: i64,
    limit: usize,
) -> Result<Vec<Notice>, StoreError> {
    let mut sql = QueryBuilder::<Sqlite>::new("SELECT id, at, body FROM notices WHERE id < ");
    sql.push_bind(before);
    if let Some(since) = filter.since {
        sql.push(" AND at >= ").push_bind(since.as_micros());
    }
    if let Some(until) = filter.until {
        sql.push(" AND at < ").push_bind(until.as_micros());
    }
    if !filter.kinds.is_empty() {
        sql.push(" AND body ->> 'kind' IN (SELECT value FROM json_each(")
            .push_bind(serde_json::json!(filter.kinds).to_string())
            .push("))");
    }
    if let Some(session) = &filter.session {
        // As serde_json wrote it: what merely mentions it is sorted out afterwards.
        sql.push(" AND instr(body, ").push_bind(serde_json::json!(session).to_string()).push(") > 0");
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = sql.build().fetch_all(conn).await.doing("read notices")?;
    let notice = |row| {
        let mut cells = Cells::new("notices", row);
        let (id, at) = (cells.uint()?, cells.time()?);
        Ok(Notice { id, at, event: cells.json()?, titles: BTreeMap::new() })
    };
    rows.iter().map(notice).collect()
}

/// Whether a notice is about the session that is asked for.
fn is_about(notice: &Notice, session: Option<&str>) -> bool {
    session.is_none_or(|session| notice.event.session_ids().contains(&session))
}

/// Titles of sessions that came up. `None`: it has none.
#[derive(Default)]
struct Known(HashMap<String, Option<Title>>);

struct Title {
    text: String,
    folded: String,
}

impl Known {
    async fn learn(&mut self, conn: &mut SqliteConnection, notices: &[Notice]) -> Result<(), StoreError> {
        let mut new: Vec<&str> = notices.iter().flat_map(|n| n.event.session_ids()).collect();
        new.retain(|id| !self.0.contains_key(*id));
        new.sort_unstable();
        new.dedup();
        let found = titles::read(conn, &new).await?;
        self.0.extend(new.into_iter().map(|id| (id.to_owned(), None)));
        for titles in found {
            let id = titles.session_id.clone();
            let title = titles.shown().map(|text| Title { folded: folded(&text), text });
            self.0.insert(id, title);
        }
        Ok(())
    }

    fn title(&self, session: &str) -> Option<&Title> {
        self.0.get(session).and_then(Option::as_ref)
    }

    fn of(&self, event: &LifecycleEvent) -> BTreeMap<String, String> {
        let named = event.session_ids().into_iter();
        named.filter_map(|id| Some((id.to_owned(), self.title(id)?.text.clone()))).collect()
    }
}

/// The words that are looked for, folded.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn of(q: &str) -> Self {
        Self(q.split_whitespace().map(folded).filter(|word| !word.is_empty()).collect())
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn are_in(&self, notice: &Notice, known: &Known) -> bool {
        if self.is_empty() {
            return true;
        }
        let ids = notice.event.session_ids();
        let texts = texts(&notice.event).into_iter().chain(ids.iter().copied());
        let folded: Vec<String> = texts.map(folded).collect();
        self.0.iter().all(|word| {
            folded.iter().any(|text| text.contains(word))
                || ids.iter().filter_map(|id| known.title(id)).any(|title| title.folded.contains(word))
        })
    }
}

/// What a notice says besides the sessions that it names.
fn texts(event: &LifecycleEvent) -> Option<&str> {
    match event {
        LifecycleEvent::Connected { client, .. } | LifecycleEvent::Dropped { client, .. } => {
            client.as_deref()
        }
        LifecycleEvent::DamageFound { what, .. } => Some(what),
        LifecycleEvent::RecordingStopped { message, .. } => Some(message),
        LifecycleEvent::OriginRefused { origin } => Some(origin),
        _ => None,
    }
}
