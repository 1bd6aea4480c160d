//! Multi-row inserts: a few fixed numbers of rows a statement, so that each statement is prepared once.
//!
//! Owns the SQL text of `VALUES` lists. Invariant: values go in as parameters only.

use crate::error::{Doing, StoreError};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, Encode, Sqlite, Type};
use std::sync::{Arc, OnceLock};

/// Rows of one statement, the largest first. The last one has to be 1.
const SIZES: [usize; 3] = [128, 16, 1];

/// `INSERT` into one table, for any number of rows.
pub(crate) struct Insert {
    pub(crate) head: &'static str,
    pub(crate) columns: usize,
    /// What follows the rows: `ON CONFLICT …`.
    pub(crate) tail: &'static str,
    sql: [OnceLock<Arc<str>>; SIZES.len()],
}

/// The values of one statement.
pub(crate) struct Values {
    args: SqliteArguments,
    failed: Option<String>,
}

impl Insert {
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self { head, columns, tail, sql: [const { OnceLock::new() }; SIZES.len()] }
    }

    /// Writes all `rows`; `bind` pushes a row's values in the order of the columns.
    pub(crate) async fn run<T: Sync>(
        &self,
        conn: &mut SqliteConnection,
        doing: &'static str,
        rows: &[T],
        bind: impl Fn(&mut Values, &T) + Send,
    ) -> Result<(), StoreError> {
        let mut statements = self.statements(rows).map(|(sql, chunk)| {
            let mut values = Values::with_room(chunk.len() * self.columns);
            chunk.iter().for_each(|row| bind(&mut values, row));
            values.finish(doing).map(|args| (sql, args))
        });
        let mut ready = statements.next();
        while let Some(statement) = ready {
            let (sql, args) = statement?;
            let written = sqlx::query_with(AssertSqlSafe(sql), args).execute(&mut *conn);
            // SQLite has a thread of its own: while it works, the next statement's values are put together here.
            let (written, next) = tokio::join!(written, async { statements.next() });
            written.doing(doing)?;
            ready = next;
        }
        Ok(())
    }

    /// The rows in pieces, each with the text of its statement.
    fn statements<'a, T>(&'a self, mut rest: &'a [T]) -> impl Iterator<Item = (Arc<str>, &'a [T])> {
        SIZES.iter().zip(&self.sql).flat_map(move |(size, sql)| {
            let (whole, behind) = rest.split_at(rest.len() - rest.len() % size);
            rest = behind;
            let text = Arc::clone(sql.get_or_init(|| self.text(*size)));
            whole.chunks(*size).map(move |chunk| (Arc::clone(&text), chunk))
        })
    }

    fn text(&self, rows: usize) -> Arc<str> {
        let row = format!("({})", vec!["?"; self.columns].join(","));
        format!("{} VALUES {} {}", self.head, vec![row; rows].join(","), self.tail).into()
    }
}

impl Values {
    fn with_room(values: usize) -> Self {
        let mut args = SqliteArguments::default();
        args.reserve(values, 0);
        Self { args, failed: None }
    }

    pub(crate) fn push<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) {
        if let Err(error) = self.args.add(value) {
            self.failed = Some(error.to_string());
        }
    }

    pub(crate) fn uint(&mut self, value: u64) {
        self.push(value.cast_signed());
    }

    /// JSON of a value that is left out where it is empty.
    pub(crate) fn json<T: serde::Serialize>(&mut self, value: Option<&T>) {
        match value.map(serde_json::to_string).transpose() {
            Ok(text) => self.push(text),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    fn finish(self, doing: &'static str) -> Result<SqliteArguments, StoreError> {
        match self.failed {
            None => Ok(self.args),
            Some(message) => Err(StoreError::Database { doing, code: None, message }),
        }
    }
}
