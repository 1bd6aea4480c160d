//! The values that a list of sessions can be narrowed to, and how many sessions have each.
//!
//! Reads an index, not the sessions. Invariant: a facet's counts are those of the list with this facet's own filter set to the value.

use crate::cells::Cells;
use crate::error::{Doing, StoreError};
use crate::list::{matching, narrow};
use crate::open::Store;
use crate::query::Query;
use crate::trash;
use chasm_protocol::State;
use chasm_protocol::api::{Facet, Facets, SessionFilter};
use sqlx::QueryBuilder;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

/// Values of a facet that are told.
const VALUES_MAX: usize = 200;

/// What is common to the counts of all facets.
struct Scope<'a> {
    /// Keys of the sessions that the words are found in.
    found: Option<&'a str>,
    /// Sessions are in the trash.
    hides: bool,
}

impl Store {
    /// `sort`, `limit`, `cursor` and `excerpts` of the filter mean nothing here.
    pub async fn facets(&self, filter: &SessionFilter) -> Result<Facets, StoreError> {
        let mut tx = self.read().await?;
        let found = match &filter.q {
            None => None,
            Some(q) => Some(matching(&mut tx, &Query::parse(q)).await?),
        };
        let scope = Scope { found: found.as_deref(), hides: !trash::is_empty(&mut tx).await? };
        let but = |change: fn(&mut SessionFilter)| {
            let mut others = filter.clone();
            change(&mut others);
            others
        };
        Ok(Facets {
            // as it stands in the index
            states: count(&mut tx, "s.state + 0", &but(|f| f.state = None), &scope, state).await?,
            providers: count(&mut tx, "s.provider", &but(|f| f.provider = None), &scope, text).await?,
            editors: count(&mut tx, "s.editor", &but(|f| f.editor = None), &scope, text).await?,
            workspaces: count(&mut tx, "s.workspace", &but(|f| f.workspace = None), &scope, text).await?,
            models: count(&mut tx, "s.model", &but(|f| f.model = None), &scope, text).await?,
            tags: count(&mut tx, TAG, &but(|f| f.tag = None), &scope, text).await?,
        })
    }
}

/// The facet with several values a session.
const TAG: &str = "t.value";

async fn count(
    tx: &mut SqliteConnection,
    value: &str,
    filter: &SessionFilter,
    scope: &Scope<'_>,
    read: fn(&mut Cells<'_>) -> Result<Option<String>, StoreError>,
) -> Result<Vec<Facet>, StoreError> {
    let mut sql = QueryBuilder::new(format!("SELECT {value}, count(*) FROM sessions s"));
    if scope.found.is_none() && filter.ids.is_none() {
        sql.push(" INDEXED BY sessions_facets");
    }
    if value == TAG {
        sql.push(" JOIN json_each(s.tags) t");
    }
    // The state as it stands in the index, else each session's row would be read for it.
    narrow(&mut sql, &SessionFilter { state: None, ..filter.clone() }, scope.found);
    if let Some(state) = filter.state {
        sql.push(" AND s.state + 0 = ").push_bind(state.number());
    }
    if scope.hides {
        sql.push(" AND ").push(trash::IN_SIGHT);
    }
    if value == TAG {
        // most have none: that is told without parsing
        sql.push(" AND s.tags <> '[]'");
    }
    sql.push(" GROUP BY 1");
    let rows = sql.build().fetch_all(&mut *tx).await.doing("count facets")?;
    let mut facets = Vec::with_capacity(rows.len());
    for row in &rows {
        facets.extend(facet(row, read)?);
    }
    facets.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    facets.truncate(VALUES_MAX);
    Ok(facets)
}

/// `None` for the sessions that have no value.
fn facet(
    row: &SqliteRow,
    read: fn(&mut Cells<'_>) -> Result<Option<String>, StoreError>,
) -> Result<Option<Facet>, StoreError> {
    let mut cells = Cells::new("sessions", row);
    let (value, count) = (read(&mut cells)?, cells.uint()?);
    Ok(value.map(|value| Facet { value, count }))
}

fn text(cells: &mut Cells<'_>) -> Result<Option<String>, StoreError> {
    cells.opt_text()
}

fn state(cells: &mut Cells<'_>) -> Result<Option<String>, StoreError> {
    Ok(Some(cells.numbered(State::from_number)?.to_string()))
}
