//! The list of sessions: filter, sort, page.
//!
//! Invariant: pages follow (sort value, session key), so equal sort values lose and repeat no session, whatever is written
//! between two pages.

use crate::cells::Cells;
use crate::cursor::{Cursor, Parts};
use crate::error::{Doing, StoreError};
use crate::open::Store;
use crate::query::Query;
use crate::rows::SessionPk;
use crate::search::hits_of;
use crate::sessions::{SUMMARY, summary};
use crate::trash;
use chasm_protocol::api::{SearchHit, SessionFilter, SessionPage, SessionSort};
use chasm_protocol::limits;
use chasm_protocol::session::SessionHit;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Sqlite};

/// How a sort works: the tag of its cursors, its expression (indexed), its direction.
struct Sort {
    tag: &'static str,
    by: &'static str,
    descending: bool,
}

impl Store {
    /// A page of the sessions that `filter` finds; `live` is false in all of them.
    pub async fn list(&self, filter: &SessionFilter) -> Result<SessionPage, StoreError> {
        let sort = Sort::of(filter.sort);
        let after = filter.cursor.as_deref().map(|cursor| sort.after(cursor)).transpose()?;
        let limit = usize::try_from(filter.limit.clamp(1, limits::PAGE_MAX)).unwrap_or(1);
        let mut tx = self.read().await?;
        let query = filter.q.as_deref().map(Query::parse);
        let found = match &query {
            None => None,
            Some(query) => Some(matching(&mut tx, query).await?),
        };
        let mut count = QueryBuilder::new("SELECT count(*) FROM sessions s");
        narrow(&mut count, filter, found.as_deref());
        let mut total: i64 = count.build_query_scalar().fetch_one(&mut *tx).await.doing("count sessions")?;
        let hides = !trash::is_empty(&mut tx).await?;
        if hides {
            // A count over an index stays one; to ask for each session whether it is in the trash takes ten times as long.
            let mut hidden =
                QueryBuilder::new("SELECT count(*) FROM trash t CROSS JOIN sessions s ON s.pk = t.session");
            narrow(&mut hidden, filter, found.as_deref());
            let hidden: i64 =
                hidden.build_query_scalar().fetch_one(&mut *tx).await.doing("count the trash")?;
            total -= hidden;
        }

        let mut page = QueryBuilder::new(format!("SELECT {SUMMARY}, {} FROM sessions s", sort.by));
        narrow(&mut page, filter, found.as_deref());
        if hides {
            page.push(" AND ").push(trash::IN_SIGHT);
        }
        sort.page(&mut page, after, limit + 1);
        let rows = page.build().fetch_all(&mut *tx).await.doing("list sessions")?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in rows.iter().take(limit) {
            let (pk, mut session) = summary(&mut Cells::new("sessions", row))?;
            if let (Some(query), Some(most)) = (&query, filter.excerpts) {
                session.hits = Some(excerpts(&mut tx, query, pk, most).await?);
            }
            sessions.push(session);
        }
        let more = rows.len() > limit;
        let next_cursor = match rows.get(limit - 1) {
            Some(last) if more => Some(sort.cursor(last)?),
            _ => None,
        };
        Ok(SessionPage { sessions, total: total.cast_unsigned(), next_cursor })
    }
}

async fn excerpts(
    conn: &mut SqliteConnection,
    query: &Query,
    session: SessionPk,
    most: u32,
) -> Result<Vec<SessionHit>, StoreError> {
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let found = hits_of(conn, query, session, usize::try_from(most.max(1)).unwrap_or(1)).await?;
    let hit = |hit: SearchHit| SessionHit {
        kind: hit.kind,
        position: hit.position,
        role: hit.role,
        timestamp: hit.timestamp,
        excerpt: hit.excerpt,
        marks: hit.marks,
    };
    Ok(found.into_iter().map(hit).collect())
}

/// Keys of the sessions that have a matching title, message or tool call, as a JSON array.
pub(crate) async fn matching(conn: &mut SqliteConnection, query: &Query) -> Result<String, StoreError> {
    if query.is_empty() {
        return Ok("[]".to_owned());
    }
    // Messages have even keys.
    let found: Vec<i64> = sqlx::query_scalar(
        "SELECT iif(i.rowid % 2 = 0, (SELECT session FROM messages WHERE pk = i.rowid),
            (SELECT session FROM tool_calls WHERE pk = i.rowid))
         FROM item_index i WHERE i.item_index MATCH ?1
         UNION SELECT rowid FROM title_index WHERE title_index MATCH ?1",
    )
    .bind(query.fts())
    .fetch_all(conn)
    .await
    .doing("search sessions")?;
    Ok(serde_json::json!(found).to_string())
}

/// The `WHERE` of a filter; always with one condition at least, so that more can be added.
pub(crate) fn narrow(sql: &mut QueryBuilder<Sqlite>, filter: &SessionFilter, found: Option<&str>) {
    sql.push(" WHERE 1");
    if let Some(state) = filter.state {
        sql.push(" AND s.state = ").push_bind(state.number());
    }
    if let Some(provider) = &filter.provider {
        sql.push(" AND s.provider = ").push_bind(provider.clone());
    }
    if let Some(workspace) = &filter.workspace {
        sql.push(" AND s.workspace = ").push_bind(workspace.clone());
    }
    if let Some(editor) = &filter.editor {
        sql.push(" AND s.editor = ").push_bind(editor.clone());
    }
    if let Some(model) = &filter.model {
        sql.push(" AND s.model = ").push_bind(model.clone());
    }
    if let Some(ids) = &filter.ids {
        let ids = serde_json::json!(ids).to_string();
        sql.push(" AND s.id IN (SELECT value FROM json_each(").push_bind(ids).push("))");
    }
    match filter.starred {
        // As it stands in the partial index.
        Some(true) => drop(sql.push(" AND s.starred = 1")),
        Some(false) => drop(sql.push(" AND s.starred = 0")),
        None => {}
    }
    if let Some(tag) = &filter.tag {
        sql.push(" AND EXISTS (SELECT 1 FROM json_each(s.tags) WHERE value = ")
            .push_bind(tag.clone())
            .push(")");
    }
    if let Some(since) = filter.since {
        sql.push(" AND s.last_event_at >= ").push_bind(since.as_micros());
    }
    if let Some(until) = filter.until {
        sql.push(" AND s.started_at < ").push_bind(until.as_micros());
    }
    if let Some(found) = found {
        sql.push(" AND s.pk IN (SELECT value FROM json_each(").push_bind(found.to_owned()).push("))");
    }
}

/// A sort value.
enum Value {
    Int(i64),
    Text(String),
}

impl Sort {
    fn of(sort: SessionSort) -> Self {
        let (tag, by, descending) = match sort {
            SessionSort::Recent => ("r", "s.last_event_at", true),
            SessionSort::Oldest => ("o", "s.started_at", false),
            SessionSort::Started => ("s", "s.started_at", true),
            SessionSort::Messages => ("m", "s.messages", true),
            // As it stands in its index.
            SessionSort::Title => {
                ("t", "substr(coalesce(s.user_title, s.title, char(1114111)), 1, 64) COLLATE NOCASE", false)
            }
        };
        Self { tag, by, descending }
    }

    /// Condition, order and length of a page.
    fn page(&self, sql: &mut QueryBuilder<Sqlite>, after: Option<(Value, i64)>, rows: usize) {
        let (sign, order) = if self.descending { ("<", "DESC") } else { (">", "ASC") };
        if let Some((value, pk)) = after {
            sql.push(format!(" AND ({}, s.pk) {sign} (", self.by));
            match value {
                Value::Int(value) => sql.push_bind(value),
                Value::Text(value) => sql.push_bind(value),
            };
            sql.push(", ").push_bind(pk).push(")");
        }
        sql.push(format!(" ORDER BY {} {order}, s.pk {order} LIMIT ", self.by));
        sql.push_bind(i64::try_from(rows).unwrap_or(i64::MAX));
    }

    /// Behind this row, whose last cell is the sort value.
    fn cursor(&self, row: &SqliteRow) -> Result<String, StoreError> {
        let mut cells = Cells::new("sessions", row);
        let (pk, _) = summary(&mut cells)?;
        let cursor = Cursor::new(self.tag);
        let cursor = match self.tag {
            "t" => cursor.text(&cells.text()?),
            _ => cursor.int(cells.int()?),
        };
        Ok(cursor.int(pk.0).finish())
    }

    fn after(&self, cursor: &str) -> Result<(Value, i64), StoreError> {
        let (mut parts, tag) = Parts::open(cursor);
        if tag != self.tag {
            return Err(StoreError::BadCursor);
        }
        let value = match self.tag {
            "t" => Value::Text(parts.text()?),
            _ => Value::Int(parts.int()?),
        };
        let pk = parts.int()?;
        parts.end()?;
        Ok((value, pk))
    }
}
