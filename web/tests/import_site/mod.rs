//! A school with bells, grades and a few names, and an admin who uploads files to it.

#![allow(dead_code, reason = "every test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::admin_site::{Answer, Site};
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, COOKIE, LOCATION};
use http_body_util::BodyExt;
use jiff::civil::date;
use model::calendar::{BellTable, Calendar, Period, PeriodKind, Term, Timetable};
use model::school::{Class, Teacher};
use model::{ClassId, GradeId, SchoolId, TeacherId};
use tower::ServiceExt;
use web::{csrf, session};

/// A workbook written as text: a line a row, `|` between cells, `⏎` for a line end within a cell.
pub struct Book(rust_xlsxwriter::Workbook);

impl Book {
    pub fn new() -> Self {
        Self(rust_xlsxwriter::Workbook::new())
    }

    pub fn sheet(mut self, name: &str, text: &str) -> Self {
        let sheet = self.0.add_worksheet().set_name(name).unwrap();
        for (row, line) in text.lines().enumerate() {
            for (col, cell) in line.split('|').map(str::trim).enumerate().filter(|(_, c)| !c.is_empty()) {
                sheet.write_string(row as u32, col as u16, cell.replace('⏎', "\n")).unwrap();
            }
        }
        self
    }

    pub fn bytes(mut self) -> Vec<u8> {
        self.0.save_to_buffer().unwrap()
    }
}

pub const SCHOOL: SchoolId = SchoolId(1);

/// Eight lessons of 40 minutes with 早读 in front.
pub fn bells() -> BellTable {
    let reading = Period {
        no: 20,
        label: "早读".to_owned(),
        kind: PeriodKind::Reading,
        start_s: 27_000,
        end_s: 28_200,
    };
    let lessons = (1..=8u8).map(|no| {
        let start_s = 28_800 + 3000 * u32::from(no - 1);
        let label = format!("第{no}节");
        Period { no, label, kind: PeriodKind::Lesson, start_s, end_s: start_s + 2400 }
    });
    BellTable { id: 1, name: "作息".to_owned(), periods: std::iter::once(reading).chain(lessons).collect() }
}

/// A term around today, the bells, 高一 1班 and 2班, a teacher.
pub async fn school(site: &Site) {
    let term = Term {
        year: "2026-2027".to_owned(),
        name: "第一学期".to_owned(),
        start: date(2026, 9, 1),
        end: date(2027, 1, 31),
        weeks: Vec::new(),
        rotation: None,
    };
    let calendar = Calendar { terms: vec![term], bell_tables: vec![bells()], ..Calendar::default() };
    let db = &site.state.db;
    db.save_calendar(SCHOOL, 0, &calendar, site.admin_id, base::now_ms()).await.unwrap();
    for name in ["1班", "2班"] {
        let (id, grade_id, name) = (ClassId(0), GradeId(10), name.to_owned());
        let new = Class { id, school_id: SCHOOL, grade_id, name, room_id: None, record: true };
        db.add_class(&new).await.unwrap();
    }
    for name in ["王芳", "李强"] {
        let (id, name) = (TeacherId(0), name.to_owned());
        db.add_teacher(&Teacher { id, name, sex: 1, title: 2, about: String::new() }).await.unwrap();
    }
}

/// `boundary` never stands in a test's file.
const BOUNDARY: &str = "----yunlubo-test-boundary";

fn part(head: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n").into_bytes();
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
    out
}

/// The form of the page: token, file (none when the name is empty), pasted text.
pub fn form(token: &str, file: (&str, &[u8]), pasted: &str) -> Vec<u8> {
    let mut body = part("name=\"_csrf\"", token.as_bytes());
    let head = format!("name=\"file\"; filename=\"{}\"\r\nContent-Type: application/octet-stream", file.0);
    body.extend(part(&head, file.1));
    body.extend(part("name=\"pasted\"", pasted.as_bytes()));
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// Posts a multipart body as the admin with this session.
pub async fn post_form(site: &Site, secret: &str, path: &str, body: Vec<u8>) -> Answer {
    let request = Request::post(path)
        .header("host", "site.test")
        .header(COOKIE, format!("{}={secret}", session::SESSION_COOKIE))
        .header(CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from(body))
        .unwrap();
    let answer = site.router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let location = answer.headers().get(LOCATION).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    Answer { status, location, body: String::from_utf8_lossy(&bytes).into_owned() }
}

/// Downloads a file: its kind, the head that names it, its bytes.
pub async fn download(site: &Site, path: &str) -> (String, String, Vec<u8>) {
    let request = Request::get(path)
        .header("host", "site.test")
        .header(COOKIE, format!("{}={}", session::SESSION_COOKIE, site.admin_secret))
        .body(Body::empty())
        .unwrap();
    let answer = site.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let head = |name| answer.headers().get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
    let (kind, named) = (head(CONTENT_TYPE), head(CONTENT_DISPOSITION));
    (kind, named, answer.into_body().collect().await.unwrap().to_bytes().to_vec())
}

/// Uploads a file to `path`.
pub async fn send(site: &Site, path: &str, name: &str, bytes: &[u8]) -> Answer {
    let token = csrf::token(&site.admin_secret);
    post_form(site, &site.admin_secret, path, form(&token, (name, bytes), "")).await
}

/// Uploads a timetable; gives the address of its job.
pub async fn upload(site: &Site, name: &str, bytes: &[u8]) -> String {
    let answer = send(site, "/admin/import", name, bytes).await;
    answer.is(303);
    answer.location
}

/// Uploads, takes the recognised sheets as they are, and gives the address of the job and of the next page.
pub async fn recognised(site: &Site, name: &str, bytes: &[u8]) -> (String, String) {
    let job = upload(site, name, bytes).await;
    site.get(&job).await.is(200);
    site.post(&job, &[]).await.is(303);
    let names = site.get(&format!("{job}/names")).await;
    let next = if names.status == 303 { names.location } else { format!("{job}/names") };
    (job, next)
}

/// The unknown names of the page in its order: (row, noun and text).
pub fn unknown(page: &Answer) -> Vec<(usize, String)> {
    let rows = page.body.split("name=\"k-").skip(1);
    rows.map(|row| {
        let number = row.split('"').next().unwrap().parse().unwrap();
        let key = row.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
        (number, plain(key))
    })
    .collect()
}

/// What a browser sends of an attribute.
fn plain(value: &str) -> String {
    value
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// Makes every unknown name; new classes are of 高一.
pub async fn make_all(site: &Site, job: &str) {
    let page = site.get(&format!("{job}/names")).await;
    if page.status == 303 {
        return;
    }
    let mut fields = Vec::new();
    for (n, key) in unknown(&page) {
        fields.push((format!("k-{n}"), key));
        fields.push((format!("c-{n}"), "create".to_owned()));
        fields.push((format!("g-{n}"), "10".to_owned()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    site.post(&format!("{job}/names"), &fields).await.is(303);
}

/// Publishes what the review shows, from today.
pub async fn publish(site: &Site, job: &str, more: &[(&str, &str)]) -> Answer {
    let page = site.get(&format!("{job}/review")).await;
    page.is(200);
    let (from, seen) = (value(&page, "from"), page.hidden("seen_no"));
    let mut fields = vec![("from", from.as_str()), ("seen_no", seen.as_str())];
    fields.extend_from_slice(more);
    site.post(&format!("{job}/publish"), &fields).await
}

/// What a date field offers.
pub fn value(page: &Answer, name: &str) -> String {
    let rest = page.body.split(&format!("name=\"{name}\" type=\"date\"")).nth(1).unwrap_or_default();
    rest.split("value=\"").nth(1).unwrap_or_default().split('"').next().unwrap_or_default().to_owned()
}

/// Imports a whole file without looking.
pub async fn import(site: &Site, name: &str, bytes: &[u8]) -> String {
    let (job, _) = recognised(site, name, bytes).await;
    make_all(site, &job).await;
    publish(site, &job, &[("teachers", "1")]).await.is(303);
    job
}

/// New, changed, removed, same: the tiles of the review.
pub fn counts(page: &Answer) -> [usize; 4] {
    let mut tiles = page.body.split("<div class=\"im-tile").skip(1);
    std::array::from_fn(|_| {
        let tile = tiles.next().unwrap();
        tile.split("<b>").nth(1).unwrap().split('<').next().unwrap().parse().unwrap()
    })
}

/// The newest version and its cells.
pub async fn newest(site: &Site) -> (i64, Timetable) {
    let no = site.state.db.timetable_versions(SCHOOL).await.unwrap().first().map_or(0, |v| v.no);
    let cells = match no {
        0 => Timetable::default(),
        no => site.state.db.timetable(SCHOOL, no).await.unwrap(),
    };
    (no, cells)
}
