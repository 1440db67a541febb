//! Running texts and reading rows: the only file that knows how sqlx is called.

use crate::error::query;
use crate::{DbError, Result};
use sqlx::AnyConnection;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, ColumnIndex, Decode, Row, Type};

pub(crate) type Q<'q> = Query<'q, Any, AnyArguments>;
pub(crate) type ReadResult<T> = std::result::Result<T, sqlx::Error>;

/// A text that is ready to take its values.
pub(crate) fn sql<'q>(text: &'static str) -> Q<'q> {
    sqlx::query(text)
}

/// All rows.
pub(crate) async fn rows<T>(
    conn: &mut AnyConnection,
    doing: &'static str,
    q: Q<'_>,
    read: impl Fn(&AnyRow) -> ReadResult<T>,
) -> Result<Vec<T>> {
    let found = q.fetch_all(conn).await.map_err(query(doing))?;
    found.iter().map(read).collect::<ReadResult<_>>().map_err(query(doing))
}

/// The row, if there is one.
pub(crate) async fn row<T>(
    conn: &mut AnyConnection,
    doing: &'static str,
    q: Q<'_>,
    read: impl Fn(&AnyRow) -> ReadResult<T>,
) -> Result<Option<T>> {
    let found = q.fetch_optional(conn).await.map_err(query(doing))?;
    found.as_ref().map(read).transpose().map_err(query(doing))
}

/// The number of a `COUNT` or of a cast sum.
pub(crate) async fn count(conn: &mut AnyConnection, doing: &'static str, q: Q<'_>) -> Result<i64> {
    Ok(row(conn, doing, q, |r| r.try_get(0)).await?.unwrap_or(0))
}

/// Runs a writing statement: how many rows it changed.
pub(crate) async fn run(conn: &mut AnyConnection, doing: &'static str, q: Q<'_>) -> Result<u64> {
    run_or(conn, q, query(doing)).await
}

/// As [`run`] with an own reading of the driver's error.
pub(crate) async fn run_or(
    conn: &mut AnyConnection,
    q: Q<'_>,
    failed: impl Fn(sqlx::Error) -> DbError,
) -> Result<u64> {
    Ok(q.execute(conn).await.map_err(failed)?.rows_affected())
}

/// A value of a column.
pub(crate) fn get<'r, T>(row: &'r AnyRow, column: &str) -> ReadResult<T>
where
    T: Decode<'r, Any> + Type<Any>,
    for<'c> &'c str: ColumnIndex<AnyRow>,
{
    row.try_get(column)
}

/// A whole number of a smaller type than the column's BIGINT.
pub(crate) fn number<T: TryFrom<i64>>(row: &AnyRow, column: &str) -> ReadResult<T>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    let wide: i64 = row.try_get(column)?;
    T::try_from(wide).map_err(|e| unreadable(column, e))
}

/// A flag, stored as 0 or 1.
pub(crate) fn flag(row: &AnyRow, column: &str) -> ReadResult<bool> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

/// A column whose value is not of its kind.
pub(crate) fn unreadable(
    column: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: source.into() }
}
