//! 法定节假日: the years that can be imported. A file in the data directory goes before the one built in, so that a school
//! without internet gets next year's notice by an uploaded file.

use crate::error::WebError;
use crate::lang::Lang;
use crate::pages::admin::desk::Desk;
use crate::pages::admin::painter::posted::Posted;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::calendar::CalendarDay;
use model::calendar::holiday::HolidayYear;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Built in: data/holidays, with its licence.
const BUILT_IN: [&str; 3] = [
    include_str!("../../../../../data/holidays/2024.json"),
    include_str!("../../../../../data/holidays/2025.json"),
    include_str!("../../../../../data/holidays/2026.json"),
];

/// Largest file: a year has some 40 days of 60 bytes; 400 days with long names are 80 KB.
const FILE_MAX_BYTES: usize = 128 * 1024;
/// Files read from the data directory.
const FILES_MAX: usize = 60;

/// A year that can be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// The notice's year.
    pub year: i16,
    /// Whether it comes from a file of this site rather than from the program.
    pub own: bool,
    /// As calendar entries: off, or a make-up day that nobody has answered.
    pub days: Vec<CalendarDay>,
}

fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("holidays")
}

/// Every year that can be imported, ascending. A file that cannot be read is logged and passed over.
pub async fn offers(data_dir: &Path) -> Vec<Offer> {
    let mut found = own(&directory(data_dir)).await;
    for text in BUILT_IN {
        if let Ok(year) = read(text)
            && found.iter().all(|o| o.year != year.year)
        {
            found.push(Offer { year: year.year, own: false, days: year.proposals() });
        }
    }
    found.sort_by_key(|o| o.year);
    found
}

async fn own(directory: &Path) -> Vec<Offer> {
    let mut found: Vec<Offer> = Vec::new();
    let Ok(mut files) = tokio::fs::read_dir(directory).await else { return found };
    while let Ok(Some(file)) = files.next_entry().await {
        let path = file.path();
        if path.extension().is_none_or(|e| e != "json") || found.len() >= FILES_MAX {
            continue;
        }
        let small = file.metadata().await.is_ok_and(|m| m.len() <= FILE_MAX_BYTES as u64);
        let text = if small { tokio::fs::read_to_string(&path).await.ok() } else { None };
        match text.map(|t| read(&t)) {
            Some(Ok(year)) if found.iter().all(|o| o.year != year.year) => {
                found.push(Offer { year: year.year, own: true, days: year.proposals() });
            }
            Some(Ok(_)) => {}
            _ => tracing::warn!(file = %path.display(), "A holiday file cannot be read and is passed over"),
        }
    }
    found
}

/// Why a file is none.
#[derive(Debug, PartialEq, Eq)]
enum Bad {
    /// Not JSON of that shape: line, column, what the parser said.
    Shape(usize, usize, String),
    /// A field out of its limits.
    Field(model::fault::Fault),
    /// The file names no day.
    Empty,
}

fn read(text: &str) -> Result<HolidayYear, Bad> {
    let text = text.trim_start_matches('\u{feff}');
    let year: HolidayYear =
        serde_json::from_str(text).map_err(|e| Bad::Shape(e.line(), e.column(), said(&e)))?;
    year.check().map_err(Bad::Field)?;
    if year.days.is_empty() { Err(Bad::Empty) } else { Ok(year) }
}

/// What the parser said without its position.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).chars().take(120).collect()
}

fn sentence(l: Lang, bad: &Bad) -> String {
    match (bad, l) {
        (Bad::Shape(line, column, said), Lang::Zh) => format!(
            "没有导入：文件第 {line} 行第 {column} 列不对（{said}）。格式应为 {{\"year\": 2027, \"days\": [{{\"name\": \"元旦\", \"date\": \"2027-01-01\", \"isOffDay\": true}}]}}。"
        ),
        (Bad::Shape(line, column, said), Lang::En) => format!(
            "Not imported: line {line}, column {column} of the file is wrong ({said}). It must look like {{\"year\": 2027, \"days\": [{{\"name\": \"元旦\", \"date\": \"2027-01-01\", \"isOffDay\": true}}]}}."
        ),
        (Bad::Field(fault), Lang::Zh) => {
            format!("没有导入：文件中的“{}”不对：{}", fault.field, l.fault(fault))
        }
        (Bad::Field(fault), Lang::En) => {
            format!("Not imported: “{}” in the file is wrong: {}", fault.field, l.fault(fault))
        }
        (Bad::Empty, Lang::Zh) => {
            "没有导入：文件里没有任何日期，国务院可能还没有公布这一年的安排。".to_owned()
        }
        (Bad::Empty, Lang::En) => {
            "Not imported: the file names no day; that year's notice may not be out yet.".to_owned()
        }
    }
}

/// A file as the script posts it.
#[derive(Debug, Deserialize)]
pub struct Upload {
    text: String,
}

#[derive(Debug, Serialize)]
struct Refused {
    code: &'static str,
    message: String,
}

/// `POST /admin/calendar/holidays`: keeps a year's file in the data directory and offers it. The calendar itself changes
/// only when it is saved.
pub async fn upload(
    State(state): State<AppState>,
    desk: Desk,
    Posted(sent): Posted<Upload>,
) -> Result<Response, WebError> {
    let refuse = |status: StatusCode, message: String| {
        Ok((status, Json(Refused { code: "refused", message })).into_response())
    };
    if sent.text.len() > FILE_MAX_BYTES {
        let text = desk.t(
            "没有导入：文件太大，一年的节假日文件不超过 128 KB。",
            "Not imported: the file is too large; a year's file has at most 128 KB.",
        );
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, text.to_owned());
    }
    let year = match read(&sent.text) {
        Ok(year) => year.year,
        Err(bad) => return refuse(StatusCode::UNPROCESSABLE_ENTITY, sentence(desk.l, &bad)),
    };
    let directory = directory(&state.site.data_dir);
    keep(&directory, year, &sent.text).await.map_err(|e| {
        WebError::Internal(format!("keeping the holiday file of {year} in {}: {e}", directory.display()))
    })?;
    tracing::info!(year, "Holiday file of {year} was uploaded");
    Ok(Json(offers(&state.site.data_dir).await).into_response())
}

/// Written beside and renamed: a reader never meets half a file.
async fn keep(directory: &Path, year: i16, text: &str) -> std::io::Result<()> {
    tokio::fs::create_dir_all(directory).await?;
    let fresh = directory.join(format!("{year}.json.new"));
    tokio::fs::write(&fresh, text).await?;
    tokio::fs::rename(&fresh, directory.join(format!("{year}.json"))).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use model::calendar::{DayKind, MakeUpOf};

    #[test]
    fn every_file_that_is_built_in_can_be_read_and_is_of_its_year() {
        for (text, (year, days, off)) in BUILT_IN.iter().zip([(2024, 36, 28), (2025, 33, 28), (2026, 39, 33)])
        {
            let read = read(text).unwrap();
            assert_eq!((read.year, read.days.len()), (year, days));
            assert_eq!(read.days.iter().filter(|d| d.is_off_day).count(), off);
        }
    }

    #[tokio::test]
    async fn a_file_of_the_site_goes_before_the_one_built_in() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(offers(dir.path()).await.iter().map(|o| o.year).collect::<Vec<_>>(), [2024, 2025, 2026]);
        let text = r#"{"year": 2026, "days": [{"name": "元旦", "date": "2026-01-04", "isOffDay": false}]}"#;
        keep(&directory(dir.path()), 2026, text).await.unwrap();
        let next = text.replace("2026", "2027");
        keep(&directory(dir.path()), 2027, &next).await.unwrap();
        let found = offers(dir.path()).await;
        assert_eq!(found.iter().map(|o| o.year).collect::<Vec<_>>(), [2024, 2025, 2026, 2027]);
        assert!(found[2].own && found[2].days.len() == 1 && !found[1].own);
        assert_eq!(found[2].days[0].kind, DayKind::MakeUp { of: MakeUpOf::Unanswered });
        assert_eq!(found[3].days[0].date, date(2027, 1, 4));
    }

    #[test]
    fn a_wrong_file_is_told_by_line_or_field() {
        let bad = |text: &str| sentence(Lang::Zh, &read(text).unwrap_err());
        assert!(bad("{\"year\": 2026,\n \"days\": [{\"name\": 5}]}").contains("第 2 行"));
        assert!(bad("{\"year\": 2026}").contains("days"));
        assert!(bad("{\"year\": 1026, \"days\": []}").contains("year"));
        assert!(bad("{\"year\": 2026, \"days\": []}").contains("没有任何日期"));
        let far = r#"{"year": 2026, "days": [{"name": "x", "date": "2030-01-04", "isOffDay": false}]}"#;
        assert!(bad(far).contains("date"));
    }
}
