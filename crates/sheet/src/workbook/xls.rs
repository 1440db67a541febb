//! Old .xls (MS-XLS, BIFF8; texts of BIFF5 too): values, merged cells, hidden rows and columns. Own, because the reader of
//! calamine allocates what a file declares (sizes of sheets, sector chains) before it looks whether it is there.

use super::biff::{Record, Records, Script, shared_texts};
use super::cfb::{Compound, u16_at, u32_at};
use super::intake::{Hidden, Intake};
use super::{Area, COLUMNS_MAX, MERGES_MAX, ROWS_MAX, SHEETS_MAX, Sheet, Value, Workbook};
use crate::SheetError;
use jiff::civil::DateTime;

/// What holds for the whole workbook.
struct Globals {
    script: Script,
    from_1904: bool,
    texts: Vec<String>,
    /// Number format of each XF record.
    formats: Vec<u16>,
    /// Own formats that show dates.
    dates: Vec<u16>,
    sheets: Vec<Bound>,
}

/// MS-XLS 2.4.28.
struct Bound {
    offset: usize,
    visible: bool,
    worksheet: bool,
    name: String,
}

pub(super) fn read(file_name: &str, bytes: &[u8]) -> Result<Workbook, SheetError> {
    let compound = Compound::open(bytes)?;
    if compound.has("EncryptedPackage") {
        return Err(SheetError::Password);
    }
    let stream = match (compound.has("Workbook"), compound.has("Book")) {
        (true, _) => compound.stream("Workbook")?,
        (_, true) => compound.stream("Book")?,
        _ if compound.has("WordDocument") => return Err(SheetError::Kind(".doc")),
        _ => return Err(SheetError::Kind("OLE")),
    };
    let globals = globals(&stream)?;
    if globals.sheets.len() > SHEETS_MAX {
        return Err(SheetError::TooLarge("> 200 sheets"));
    }
    let mut intake = Intake::new(file_name);
    let mut offsets = std::collections::BTreeSet::new();
    for bound in globals.sheets.iter().filter(|s| s.worksheet) {
        if !offsets.insert(bound.offset) {
            return Err(SheetError::Damaged("two sheets in one place".to_owned()));
        }
        let mut sheet = Sheet { name: bound.name.clone(), ..Sheet::default() };
        let mut hidden = Hidden::default();
        if bound.visible || bound.name == super::KEY_SHEET {
            worksheet(&stream, bound.offset, &globals, &mut sheet, &mut hidden, &mut intake)?;
        }
        intake.keep(sheet, bound.visible, &hidden)?;
    }
    match intake.workbook.sheets.is_empty() && intake.workbook.problems.is_empty() {
        true => Err(SheetError::Damaged("no sheets".to_owned())),
        false => Ok(intake.workbook),
    }
}

fn globals(stream: &[u8]) -> Result<Globals, SheetError> {
    let mut globals = Globals {
        script: Script { unicode: true, bytes: encoding_rs::GBK },
        from_1904: false,
        texts: Vec::new(),
        formats: Vec::new(),
        dates: Vec::new(),
        sheets: Vec::new(),
    };
    for record in Records::from(stream, 0) {
        let data = record.data;
        match record.kind {
            // BOF, MS-XLS 2.4.21
            0x0809 => globals.script.unicode = u16_at(data, 0) != Some(0x0500),
            // FilePass, 2.4.117
            0x002F => return Err(SheetError::Password),
            0x0042 => globals.script.code_page(u16_at(data, 0).unwrap_or(0)),
            0x0022 => globals.from_1904 = u16_at(data, 0) == Some(1),
            0x00FC => globals.texts = shared_texts(&record),
            0x00E0 => globals.formats.push(u16_at(data, 2).unwrap_or(0)),
            // Format, 2.4.126
            0x041E => {
                let count = if globals.script.unicode { 2 } else { 1 };
                let code = data.get(2..).and_then(|text| globals.script.text(text, count));
                if let (Some(id), Some(code)) = (u16_at(data, 0), code)
                    && shows_date(&code)
                {
                    globals.dates.push(id);
                }
            }
            0x0085 if globals.sheets.len() <= SHEETS_MAX => {
                globals.sheets.extend(bound(data, globals.script))
            }
            0x000A => break,
            _ => {}
        }
    }
    Ok(globals)
}

fn bound(data: &[u8], script: Script) -> Option<Bound> {
    Some(Bound {
        offset: u32_at(data, 0)? as usize,
        visible: data.get(4)? & 3 == 0,
        worksheet: *data.get(5)? == 0,
        name: script.text(data.get(6..)?, 1)?.replace('\0', ""),
    })
}

/// Whether a number format shows a date or a time: one of its letters outside quotes and brackets.
fn shows_date(code: &str) -> bool {
    // aaaa is 星期一; General has one letter of it.
    if code.contains("aaa") {
        return true;
    }
    let (mut quoted, mut bracket, mut escaped) = (false, false, false);
    for c in code.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' | '_' => escaped = true,
            '"' => quoted = !quoted,
            '[' if !quoted => bracket = true,
            ']' => bracket = false,
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' if !quoted && !bracket => return true,
            _ => {}
        }
    }
    false
}

impl Globals {
    fn number(&self, number: f64, xf: u16) -> Value {
        let format = self.formats.get(usize::from(xf)).copied().unwrap_or(0);
        // ECMA-376 part 1, 18.8.30: built-in date formats, with those of Chinese Excel.
        let date = matches!(format, 14..=22 | 27..=36 | 45..=47 | 50..=58) || self.dates.contains(&format);
        match date.then(|| serial_date(number, self.from_1904)).flatten() {
            Some(date) => Value::Date(date),
            None => Value::Number(number),
        }
    }
}

/// Days since 1899-12-30 (or 1904-01-01); only what can be a school's date or a time of day.
fn serial_date(serial: f64, from_1904: bool) -> Option<DateTime> {
    if !(0.0..200_000.0).contains(&serial) {
        return None;
    }
    let epoch = match (from_1904, serial < 60.0) {
        (true, _) => jiff::civil::date(1904, 1, 1),
        (false, false) => jiff::civil::date(1899, 12, 30),
        (false, true) => jiff::civil::date(1899, 12, 31),
    };
    let days = serial.floor();
    let seconds = ((serial - days) * 86_400.0).round() as i64;
    epoch.at(0, 0, 0, 0).checked_add(jiff::Span::new().days(days as i64).seconds(seconds)).ok()
}

fn worksheet(
    stream: &[u8],
    offset: usize,
    globals: &Globals,
    sheet: &mut Sheet,
    hidden: &mut Hidden,
    intake: &mut Intake,
) -> Result<(), SheetError> {
    let mut depth = 0;
    let mut formula = None;
    for record in Records::from(stream, offset) {
        match record.kind {
            // Charts inside a sheet are streams of their own.
            0x0809 => depth += 1,
            0x000A => depth -= 1,
            _ => {}
        }
        match depth {
            0 => break,
            1 => {}
            _ => continue,
        }
        if let Some((row, col, value)) = one_cell(&record, globals, &mut formula) {
            intake.put(sheet, u32::from(row) + 1, u32::from(col) + 1, value)?;
        }
        match record.kind {
            0x00BD => {
                for (row, col, value) in multiple(record.data, globals) {
                    intake.put(sheet, u32::from(row) + 1, u32::from(col) + 1, value)?;
                }
            }
            0x00E5 => merges(record.data, &mut sheet.merges),
            _ => frame(&record, hidden),
        }
    }
    Ok(())
}

/// A cell record. `formula` is where the formula stands whose text comes in the next record.
fn one_cell(
    record: &Record<'_>,
    globals: &Globals,
    formula: &mut Option<(u16, u16)>,
) -> Option<(u16, u16, Value)> {
    let data = record.data;
    if record.kind == 0x0207 {
        let (row, col) = formula.take()?;
        return Some((row, col, Value::Text(globals.script.text(data, 2)?)));
    }
    let (row, col, xf) = (u16_at(data, 0)?, u16_at(data, 2)?, u16_at(data, 4)?);
    let value = match record.kind {
        0x0203 => globals.number(f64_at(data, 6)?, xf),
        0x027E => globals.number(rk(u32_at(data, 6)?), xf),
        0x00FD => Value::Text(globals.texts.get(u32_at(data, 6)? as usize)?.clone()),
        0x0204 | 0x00D6 => Value::Text(globals.script.text(data.get(6..)?, 2)?),
        0x0205 => match data.get(7)? {
            0 => Value::Bool(*data.get(6)? != 0),
            _ => Value::Error(error(*data.get(6)?).to_owned()),
        },
        // MS-XLS 2.5.133: the stored result
        0x0006 => match (u16_at(data, 12)?, data.get(6)?) {
            (0xFFFF, 0) => {
                *formula = Some((row, col));
                return None;
            }
            (0xFFFF, 1) => Value::Bool(*data.get(8)? != 0),
            (0xFFFF, 2) => Value::Error(error(*data.get(8)?).to_owned()),
            (0xFFFF, _) => return None,
            _ => globals.number(f64_at(data, 6)?, xf),
        },
        _ => return None,
    };
    Some((row, col, value))
}

/// MulRk, MS-XLS 2.4.175.
fn multiple(data: &[u8], globals: &Globals) -> Vec<(u16, u16, Value)> {
    let (Some(row), Some(first)) = (u16_at(data, 0), u16_at(data, 2)) else { return Vec::new() };
    let cells = data.get(4..data.len().saturating_sub(2)).unwrap_or_default();
    (first..)
        .zip(cells.chunks_exact(6))
        .filter_map(|(col, cell)| Some((row, col, globals.number(rk(u32_at(cell, 2)?), u16_at(cell, 0)?))))
        .collect()
}

/// RkNumber, MS-XLS 2.5.217: 30 bits of a float or an integer, perhaps hundredths.
fn rk(bits: u32) -> f64 {
    let number = match bits & 2 {
        0 => f64::from_bits(u64::from(bits & !3) << 32),
        _ => f64::from((bits as i32) >> 2),
    };
    if bits & 1 == 0 { number } else { number / 100.0 }
}

fn f64_at(data: &[u8], at: usize) -> Option<f64> {
    data.get(at..at + 8)?.try_into().ok().map(f64::from_le_bytes)
}

/// BErr, MS-XLS 2.5.10.
fn error(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    }
}

/// MergeCells, MS-XLS 2.4.168.
fn merges(data: &[u8], merges: &mut Vec<Area>) {
    for area in data.get(2..).unwrap_or_default().chunks_exact(8) {
        let end = |n: usize| u16_at(area, n).map_or(0, |v| u32::from(v) + 1);
        let area = Area { top: end(0), bottom: end(2), left: end(4), right: end(6) };
        if merges.len() < MERGES_MAX {
            merges.extend(area.within());
        }
    }
}

/// Row (2.4.221) and ColInfo (2.4.53): what is hidden.
fn frame(record: &Record<'_>, hidden: &mut Hidden) {
    let at = |n: usize| u16_at(record.data, n).map_or(0, u32::from);
    match record.kind {
        0x0208 if at(12) & 0x20 != 0 && at(0) < ROWS_MAX => {
            hidden.rows.insert(at(0) + 1);
        }
        0x007D if at(8) & 1 != 0 => hidden.cols.extend(at(0) + 1..=(at(2) + 1).min(COLUMNS_MAX)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_as_rk_and_dates_by_their_format() {
        assert_eq!(rk((301 << 2) | 2), 301.0);
        assert_eq!(rk((12345 << 2) | 3), 123.45);
        assert_eq!(rk((1.5_f64.to_bits() >> 32) as u32), 1.5);
        assert_eq!(serial_date(46_349.5, false).unwrap().to_string(), "2026-11-23T12:00:00");
        assert!(serial_date(f64::NAN, false).is_none());
        for (code, date) in [
            ("yyyy/m/d", true),
            ("aaaa", true),
            ("General", false),
            ("0.00", false),
            ("\"day\" 0", false),
            ("[Red]0", false),
        ] {
            assert_eq!(shows_date(code), date, "{code}");
        }
    }
}
