//! How the cells of a sheet are kept: row, column, value in a row, for JSON has no keys but texts.

use super::Value;
use serde::{Deserialize, Deserializer, Serializer};
use std::collections::BTreeMap;

type Cells = BTreeMap<(u32, u32), Value>;

pub(super) fn serialize<S: Serializer>(cells: &Cells, out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(cells.iter().map(|((row, col), value)| (row, col, value)))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Cells, D::Error> {
    let cells = Vec::<(u32, u32, Value)>::deserialize(from)?;
    Ok(cells.into_iter().map(|(row, col, value)| ((row, col), value)).collect())
}
