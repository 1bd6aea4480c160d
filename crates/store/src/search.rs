//! Full-text search over titles, messages and tool calls: titles first, then the newest first.
//!
//! Never ranks: a common word matches nearly every message, and weighing all of them takes seconds; the newest are found at
//! once. Invariant: any text is a query, none is an error.

use crate::cells::Cells;
use crate::cursor::{Cursor, Parts};
use crate::error::{Doing, StoreError};
use crate::events_page::session_pk;
use crate::excerpt::{excerpt, has_match};
use crate::items_read::value;
use crate::open::Store;
use crate::query::Query;
use crate::rows::SessionPk;
use crate::trash;
use crate::words::readable_call;
use chasm_protocol::api::{HitKind, SearchAnswer, SearchHit};
use chasm_protocol::{Role, SessionId, State, limits};
use sqlx::sqlite::SqliteConnection;

/// What to search for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words, all of which have to be there; `"phrases"`; the last word may be a beginning.
    pub q: String,
    /// In this session only.
    pub session: Option<SessionId>,
    pub limit: u32,
    pub cursor: Option<String>,
}

/// Where to go on: before these keys, titles first. `None`: there are no more of these.
struct Place {
    titles: Option<i64>,
    items: i64,
}

/// Titles and items of one session only: its key, and the range that the keys of its items lie in.
struct Within {
    session: SessionPk,
    items: (i64, i64),
}

impl Store {
    pub async fn search(&self, search: &SearchQuery) -> Result<SearchAnswer, StoreError> {
        let place =
            search.cursor.as_deref().map_or(Ok(Place { titles: Some(i64::MAX), items: i64::MAX }), place)?;
        let limit = usize::try_from(search.limit.clamp(1, limits::PAGE_MAX)).unwrap_or(1);
        let query = Query::parse(&search.q);
        let mut answer = SearchAnswer { hits: Vec::new(), next_cursor: None };
        if query.is_empty() {
            return Ok(answer);
        }
        let mut tx = self.read().await?;
        let within = match &search.session {
            None => None,
            Some(id) => match session_pk(&mut tx, id).await? {
                Some(pk) if !trash::holds(&mut tx, pk).await? => Some(within(&mut tx, pk).await?),
                _ => return Ok(answer),
            },
        };
        let fts = query.fts();
        if let Some(before) = place.titles {
            let found = titles(&mut tx, &fts, before, within.as_ref(), limit + 1).await?;
            for pk in found.iter().take(limit) {
                answer.hits.push(title_hit(&mut tx, *pk, &query).await?);
            }
            if found.len() > limit {
                answer.next_cursor = found.get(limit - 1).map(|pk| Cursor::new("t").int(*pk).finish());
                return Ok(answer);
            }
        }
        let room = limit - answer.hits.len();
        let found = items(&mut tx, &fts, place.items, within.as_ref(), room + 1).await?;
        for pk in found.iter().take(room) {
            answer.hits.push(item(&mut tx, *pk, &query).await?);
        }
        if found.len() > room {
            let before = room.checked_sub(1).and_then(|last| found.get(last)).copied().unwrap_or(i64::MAX);
            answer.next_cursor = Some(Cursor::new("i").int(before).finish());
        }
        Ok(answer)
    }
}

/// The hits of one session, as a search in it finds them: its title first, then the newest.
pub(crate) async fn hits_of(
    conn: &mut SqliteConnection,
    query: &Query,
    session: SessionPk,
    limit: usize,
) -> Result<Vec<SearchHit>, StoreError> {
    let (fts, within) = (query.fts(), within(conn, session).await?);
    let mut hits = Vec::new();
    for pk in titles(conn, &fts, i64::MAX, Some(&within), limit).await? {
        hits.push(title_hit(conn, pk, query).await?);
    }
    for pk in items(conn, &fts, i64::MAX, Some(&within), limit - hits.len()).await? {
        hits.push(item(conn, pk, query).await?);
    }
    Ok(hits)
}

async fn item(conn: &mut SqliteConnection, pk: i64, query: &Query) -> Result<SearchHit, StoreError> {
    match pk % 2 == 0 {
        true => message_hit(conn, pk, query).await,
        false => call_hit(conn, pk, query).await,
    }
}

fn place(cursor: &str) -> Result<Place, StoreError> {
    let (mut parts, tag) = Parts::open(cursor);
    let before = parts.int()?;
    parts.end()?;
    match tag {
        "t" => Ok(Place { titles: Some(before), items: i64::MAX }),
        "i" => Ok(Place { titles: None, items: before }),
        _ => Err(StoreError::BadCursor),
    }
}

async fn within(conn: &mut SqliteConnection, session: SessionPk) -> Result<Within, StoreError> {
    let items = sqlx::query_as(
        "SELECT coalesce(min(pk), 0), coalesce(max(pk), -1) FROM (
            SELECT pk FROM messages WHERE session = ?1 UNION ALL SELECT pk FROM tool_calls WHERE session = ?1
         )",
    )
    .bind(session.0)
    .fetch_one(conn)
    .await
    .doing("look a session's items up")?;
    Ok(Within { session, items })
}

/// Keys of sessions whose title matches, the newest first.
async fn titles(
    conn: &mut SqliteConnection,
    fts: &str,
    before: i64,
    within: Option<&Within>,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let only = within.map(|within| within.session.0);
    sqlx::query_scalar(
        "SELECT rowid FROM title_index WHERE title_index MATCH ?1 AND rowid < ?2 AND (?3 IS NULL OR rowid = ?3)
            AND rowid NOT IN (SELECT session FROM trash)
         ORDER BY rowid DESC LIMIT ?4",
    )
    .bind(fts)
    .bind(before)
    .bind(only)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await
    .doing("search titles")
}

/// Keys of matching messages and tool calls, the newest first.
async fn items(
    conn: &mut SqliteConnection,
    fts: &str,
    before: i64,
    within: Option<&Within>,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let query = match within {
        None if trash::is_empty(&mut *conn).await? => sqlx::query_scalar(
            "SELECT rowid FROM item_index WHERE item_index MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
        )
        .bind(fts)
        .bind(before)
        .bind(limit),
        None => sqlx::query_scalar(
            "SELECT rowid FROM item_index WHERE item_index MATCH ? AND rowid < ?
                AND iif(rowid % 2 = 0, (SELECT session FROM messages WHERE pk = item_index.rowid),
                    (SELECT session FROM tool_calls WHERE pk = item_index.rowid)) NOT IN (SELECT session FROM trash)
             ORDER BY rowid DESC LIMIT ?",
        )
        .bind(fts)
        .bind(before)
        .bind(limit),
        Some(Within { session, items: (first, last) }) => sqlx::query_scalar(
            "SELECT rowid FROM item_index WHERE item_index MATCH ?1 AND rowid >= ?2 AND rowid <= ?3
                AND iif(rowid % 2 = 0, (SELECT session FROM messages WHERE pk = item_index.rowid),
                    (SELECT session FROM tool_calls WHERE pk = item_index.rowid)) = ?4
             ORDER BY rowid DESC LIMIT ?5",
        )
        .bind(fts)
        .bind(*first)
        .bind((*last).min(before.saturating_sub(1)))
        .bind(session.0)
        .bind(limit),
    };
    query.fetch_all(conn).await.doing("search messages")
}

async fn title_hit(conn: &mut SqliteConnection, pk: i64, query: &Query) -> Result<SearchHit, StoreError> {
    let row = sqlx::query("SELECT pk, id, title, user_title, state FROM sessions WHERE pk = ?")
        .bind(pk)
        .fetch_one(conn)
        .await
        .doing("read a session that was found")?;
    let mut cells = Cells::new("sessions", &row);
    cells.int()?;
    let (session_id, title, user_title) = (cells.text()?, cells.opt_text()?, cells.opt_text()?);
    let state = cells.numbered(State::from_number)?;
    let fits = [&user_title, &title].into_iter().flatten().find(|text| has_match(text, query));
    let shown = user_title.clone().or_else(|| title.clone());
    let (excerpt, marks) = excerpt(fits.or(shown.as_ref()).map_or("", String::as_str), query);
    Ok(SearchHit {
        session_id,
        session_title: shown,
        state,
        kind: HitKind::Title,
        position: None,
        role: None,
        timestamp: None,
        excerpt,
        marks,
    })
}

/// One row at a time: a message can have megabytes.
async fn message_hit(conn: &mut SqliteConnection, pk: i64, query: &Query) -> Result<SearchHit, StoreError> {
    let row = sqlx::query(
        "SELECT m.pk, s.id, coalesce(s.user_title, s.title), s.state, m.position, m.role, m.at, m.text
         FROM messages m JOIN sessions s ON s.pk = m.session WHERE m.pk = ?",
    )
    .bind(pk)
    .fetch_one(conn)
    .await
    .doing("read a message that was found")?;
    let mut cells = Cells::new("messages", &row);
    cells.int()?;
    let mut hit = item_hit(&mut cells, HitKind::Message)?;
    hit.role = Some(cells.numbered(Role::from_number)?);
    hit.timestamp = cells.opt_time()?;
    (hit.excerpt, hit.marks) = excerpt(cells.next()?, query);
    Ok(hit)
}

async fn call_hit(conn: &mut SqliteConnection, pk: i64, query: &Query) -> Result<SearchHit, StoreError> {
    let row = sqlx::query(
        "SELECT c.pk, s.id, coalesce(s.user_title, s.title), s.state, c.position, c.at, c.name, c.arguments_json,
            c.arguments, c.output_json, c.output
         FROM tool_calls c JOIN sessions s ON s.pk = c.session WHERE c.pk = ?",
    )
    .bind(pk)
    .fetch_one(conn)
    .await
    .doing("read a tool call that was found")?;
    let mut cells = Cells::new("tool_calls", &row);
    cells.int()?;
    let mut hit = item_hit(&mut cells, HitKind::ToolCall)?;
    hit.timestamp = cells.opt_time()?;
    let name = cells.text()?;
    let (arguments, output) = (value(&mut cells)?, value(&mut cells)?);
    (hit.excerpt, hit.marks) = excerpt(&readable_call(&name, arguments.as_ref(), output.as_ref()), query);
    Ok(hit)
}

/// The cells that both kinds have.
fn item_hit(cells: &mut Cells<'_>, kind: HitKind) -> Result<SearchHit, StoreError> {
    Ok(SearchHit {
        session_id: cells.text()?,
        session_title: cells.opt_text()?,
        state: cells.numbered(State::from_number)?,
        kind,
        position: Some(cells.uint()?),
        role: None,
        timestamp: None,
        excerpt: String::new(),
        marks: Vec::new(),
    })
}
