//! Ids, handed out inside the transaction that uses them.

use crate::read::{get, row, sql};
use crate::{DbError, Result};
use sqlx::AnyConnection;

texts! {
    NEXT = "UPDATE counter SET next_id = next_id + 1 WHERE name = $1 RETURNING next_id - 1 AS id";
}

/// The next id of a noun. Both engines hold the row until the transaction ends, so ids are given in commit order.
pub(crate) async fn next_id(conn: &mut AnyConnection, noun: &'static str) -> Result<i64> {
    row(conn, "taking an id", sql(NEXT).bind(noun), |r| get(r, "id"))
        .await?
        .ok_or(DbError::Unreadable { doing: "taking an id", what: format!("no counter `{noun}`") })
}
