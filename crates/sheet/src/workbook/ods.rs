//! OpenDocument spreadsheets (ODF 1.2, part 1, chapter 9). Own, because calamine gives no merged cells of them and writes
//! repeated cells out before any limit.

use super::intake::{Hidden, Intake};
use super::packed::{self, Archive};
use super::xlsx::attribute;
use super::{Area, COLUMNS_MAX, MERGES_MAX, ROWS_MAX, Sheet, Value, Workbook};
use crate::SheetError;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeSet;

pub(super) fn read(file_name: &str, mut archive: Archive<'_>) -> Result<Workbook, SheetError> {
    if packed::part(&mut archive, "META-INF/manifest.xml").is_some_and(|xml| xml.contains("encryption-data"))
    {
        return Err(SheetError::Password);
    }
    let xml = packed::part(&mut archive, "content.xml")
        .ok_or_else(|| SheetError::Damaged("content.xml".to_owned()))?;
    let mut table = Table { intake: Intake::new(file_name), ..Table::new() };
    let mut reader = Reader::from_str(&xml);
    reader.config_mut().expand_empty_elements = true;
    loop {
        match reader.read_event().map_err(|e| SheetError::Damaged(e.to_string()))? {
            Event::Start(tag) => table.start(&tag),
            Event::End(tag) => table.end(tag.local_name().as_ref())?,
            Event::Text(text) => table.text(&text.xml10_content()),
            Event::GeneralRef(entity) => {
                let resolved = entity.resolve_char_ref().ok().flatten();
                match (resolved, quick_xml::escape::resolve_xml_entity(entity.as_ref())) {
                    (Some(c), _) => table.text(c.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => table.text(text),
                    (None, None) => {}
                }
            }
            Event::Eof => return Ok(table.intake.workbook),
            _ => {}
        }
    }
}

/// A cell being read.
#[derive(Default)]
struct Open {
    repeat: u32,
    spanned: (u32, u32),
    value: Option<Value>,
    formula: bool,
    paragraphs: Vec<String>,
}

struct Table {
    intake: Intake,
    /// Styles of sheets that are not shown.
    unseen: BTreeSet<String>,
    style: String,
    sheet: Option<(Sheet, bool)>,
    hidden: Hidden,
    /// The row and column that come next, from 1.
    row: u32,
    col: u32,
    columns: u32,
    row_repeat: u32,
    cells: Vec<(u32, u32, Value)>,
    open: Option<Open>,
    /// Inside a comment: its text is none of the cell's.
    note: bool,
}

impl Table {
    fn new() -> Self {
        Self {
            intake: Intake::new(""),
            unseen: BTreeSet::new(),
            style: String::new(),
            sheet: None,
            hidden: Hidden::default(),
            row: 1,
            col: 1,
            columns: 1,
            row_repeat: 1,
            cells: Vec::new(),
            open: None,
            note: false,
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) {
        let number = |name| attribute(tag, name).and_then(|n| n.parse::<u32>().ok()).unwrap_or(1).max(1);
        let shown = || attribute(tag, "visibility").is_none_or(|v| v == "visible");
        match tag.local_name().as_ref() {
            "style" => self.style = attribute(tag, "name").unwrap_or_default(),
            "table-properties" if attribute(tag, "display").is_some_and(|d| d == "false") => {
                self.unseen.insert(self.style.clone());
            }
            "table" if self.sheet.is_none() => {
                let visible = attribute(tag, "style-name").is_none_or(|s| !self.unseen.contains(&s));
                let name = attribute(tag, "name").unwrap_or_default();
                self.sheet = Some((Sheet { name, ..Sheet::default() }, visible));
                (self.row, self.col, self.columns) = (1, 1, 1);
                self.hidden = Hidden::default();
            }
            "table-column" => {
                let next = self.columns.saturating_add(number("number-columns-repeated"));
                if !shown() {
                    self.hidden.cols.extend(self.columns..next.min(COLUMNS_MAX + 1));
                }
                self.columns = next;
            }
            "table-row" => {
                self.row_repeat = number("number-rows-repeated");
                self.col = 1;
                if !shown() {
                    let end = self.row.saturating_add(self.row_repeat).min(ROWS_MAX + 1);
                    self.hidden.rows.extend(self.row..end);
                }
            }
            "table-cell" | "covered-table-cell" => {
                self.open = Some(Open {
                    repeat: number("number-columns-repeated"),
                    spanned: (number("number-rows-spanned"), number("number-columns-spanned")),
                    value: typed(tag),
                    formula: attribute(tag, "formula").is_some(),
                    paragraphs: Vec::new(),
                });
            }
            "annotation" => self.note = true,
            "p" if !self.note => {
                if let Some(open) = &mut self.open {
                    open.paragraphs.push(String::new());
                }
            }
            "s" => self.text(" "),
            "line-break" => self.text("\n"),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let (false, Some(paragraph)) =
            (self.note, self.open.as_mut().and_then(|o| o.paragraphs.last_mut()))
        {
            paragraph.push_str(text);
        }
    }

    fn end(&mut self, name: &str) -> Result<(), SheetError> {
        match name {
            "annotation" => self.note = false,
            "table-cell" | "covered-table-cell" => self.end_cell(),
            "table-row" => self.end_row()?,
            "table" => {
                if let Some((sheet, visible)) = self.sheet.take() {
                    let hidden = std::mem::take(&mut self.hidden);
                    self.intake.keep(sheet, visible, &hidden)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end_cell(&mut self) {
        let (Some(open), Some((sheet, _))) = (self.open.take(), self.sheet.as_mut()) else { return };
        let text = open.paragraphs.join("\n");
        let value = match (open.value, text.is_empty()) {
            (Some(_), _) if text.starts_with('#') && text.ends_with(['!', '?']) => Some(Value::Error(text)),
            (Some(value), _) => Some(value),
            (None, false) => Some(Value::Text(text)),
            (None, true) => open.formula.then_some(Value::NoResult),
        };
        let (rows, cols) = open.spanned;
        if (rows, cols) != (1, 1) && sheet.merges.len() < MERGES_MAX {
            let (bottom, right) = (self.row.saturating_add(rows - 1), self.col.saturating_add(cols - 1));
            sheet.merges.extend(Area { top: self.row, left: self.col, bottom, right }.within());
        }
        if let Some(value) = value {
            // One beyond the limit, so that it is told.
            for n in 0..open.repeat.min(COLUMNS_MAX + 1) {
                if self.cells.len() <= COLUMNS_MAX as usize {
                    self.cells.push((0, self.col.saturating_add(n), value.clone()));
                }
            }
        }
        self.col = self.col.saturating_add(open.repeat);
    }

    fn end_row(&mut self) -> Result<(), SheetError> {
        let cells = std::mem::take(&mut self.cells);
        if let (false, Some((sheet, _))) = (cells.is_empty(), self.sheet.as_mut()) {
            for n in 0..self.row_repeat.min(ROWS_MAX + 1) {
                for (_, col, value) in &cells {
                    self.intake.put(sheet, self.row.saturating_add(n), *col, value.clone())?;
                }
            }
        }
        self.row = self.row.saturating_add(self.row_repeat);
        Ok(())
    }
}

/// The value of a cell that says its type (ODF 1.2, 19.385); texts stand in its paragraphs.
fn typed(tag: &BytesStart<'_>) -> Option<Value> {
    match attribute(tag, "value-type")?.as_str() {
        "float" | "percentage" | "currency" => attribute(tag, "value")?.parse().ok().map(Value::Number),
        "boolean" => Some(Value::Bool(attribute(tag, "boolean-value")? == "true")),
        "date" => Some(super::iso_date(&attribute(tag, "date-value")?)),
        _ => None,
    }
}
