//! Reading an uploaded file: multipart/form-data with the hidden token in front, every part bounded before it is kept.

use crate::csrf;
use crate::error::WebError;
use crate::lang::Text;
use crate::session::Visitor;
use crate::state::AppState;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::http::StatusCode;
use std::time::Duration;

/// Largest file. The largest school's timetable in the wild is below 2 MiB; more would only fill memory.
pub const FILE_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Largest body: the file, a pasted text of the same size at most, boundaries and fields.
pub const UPLOAD_MAX_BYTES: usize = FILE_MAX_BYTES + 256 * 1024;
/// 16 MiB at 1 Mbit/s take 134 s; a body that comes slower is cut off.
const UPLOAD_WITHIN: Duration = Duration::from_secs(180);
/// Longest value of an ordinary field, bytes: tokens and choices.
const FIELD_MAX_BYTES: usize = 4 * 1024;
/// Most parts of a form.
const PARTS_MAX: usize = 20;
/// Longest file name that is kept, characters.
const NAME_MAX: usize = 120;

/// A form with a file, its CSRF token already checked.
#[derive(Debug)]
pub struct Upload {
    /// Name and bytes of the file; pasted cells are a file called `paste.tsv`.
    pub file: Option<(String, Vec<u8>)>,
    /// Why the file was not taken.
    pub refused: Option<Text>,
}

/// Name of what was pasted instead of uploaded.
pub const PASTED: &str = "paste.tsv";

impl FromRequest<AppState> for Upload {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, WebError> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, state).await?;
        let header = parts.headers.get(csrf::HEADER).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let request = Request::from_parts(parts, body);
        let multipart = Multipart::from_request(request, state).await.map_err(|_| WebError::BadRequest)?;
        let read = read(multipart, &visitor.csrf, header);
        tokio::time::timeout(UPLOAD_WITHIN, read).await.map_err(|_| slow())?
    }
}

fn slow() -> WebError {
    WebError::refused(
        StatusCode::REQUEST_TIMEOUT,
        "slow",
        "文件没有在 3 分钟内传完，什么都没有改变。请检查网络后再上传一次。",
        "The file did not arrive whole within 3 minutes and nothing was changed: check the network and upload it again.",
    )
}

fn too_large() -> Text {
    Text::new(
        "文件超过 16 MiB。课表文件通常不到 1 MiB：请删去图片或无关的工作表，另存后再上传。",
        "The file is larger than 16 MiB. A timetable is usually below 1 MiB: remove pictures or other sheets, save it and upload it again.",
    )
}

/// A broken upload: the connection ended or the body is not what it says.
fn broken(error: &MultipartError) -> Option<WebError> {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => None,
        _ => Some(WebError::refused(
            StatusCode::BAD_REQUEST,
            "upload",
            "文件没有传完，什么都没有改变。请检查网络后再上传一次。",
            "The upload broke off and nothing was changed: check the network and upload the file again.",
        )),
    }
}

/// The token is checked before a byte of the file is kept.
async fn read(mut form: Multipart, token: &str, header: Option<String>) -> Result<Upload, WebError> {
    let mut trusted = header.is_some_and(|given| csrf::matches(token, &given));
    let mut file = None;
    let mut refused = None;
    for _ in 0..PARTS_MAX {
        let part = match form.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(error) => match broken(&error) {
                Some(error) => return Err(error),
                None => {
                    refused = Some(too_large());
                    break;
                }
            },
        };
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = name == "file" || name == "pasted";
        let limit = if is_file { FILE_MAX_BYTES } else { FIELD_MAX_BYTES };
        if is_file && !trusted {
            return Err(WebError::StaleForm);
        }
        let file_name = part.file_name().map(clean_name);
        let Some(bytes) = bytes(part, limit).await? else {
            if !is_file {
                return Err(WebError::BadRequest);
            }
            refused = Some(too_large());
            break;
        };
        match (name.as_str(), file_name) {
            ("file", Some(given)) if !given.is_empty() => file = Some((given, bytes)),
            ("file", _) => {}
            ("pasted", _) if bytes.iter().all(u8::is_ascii_whitespace) => {}
            ("pasted", _) => file = file.or(Some((PASTED.to_owned(), bytes))),
            _ => {
                let value = String::from_utf8(bytes).map_err(|_| WebError::BadRequest)?;
                trusted |= name == csrf::FIELD && csrf::matches(token, &value);
            }
        }
    }
    // A body that is too large may hide its token; it does nothing but be told so.
    match trusted || refused.is_some() {
        true => Ok(Upload { file: file.filter(|_| refused.is_none()), refused }),
        false => Err(WebError::StaleForm),
    }
}

/// The part's bytes; `None` when there are more than `limit`.
async fn bytes(mut part: Field<'_>, limit: usize) -> Result<Option<Vec<u8>>, WebError> {
    let mut kept = Vec::new();
    loop {
        match part.chunk().await {
            Ok(Some(chunk)) if kept.len() + chunk.len() > limit => return Ok(None),
            Ok(Some(chunk)) => kept.extend_from_slice(&chunk),
            Ok(None) => return Ok(Some(kept)),
            Err(error) => match broken(&error) {
                Some(error) => return Err(error),
                None => return Ok(None),
            },
        }
    }
}

/// The last part of a path, without control characters: shown on pages and kept with the version.
fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = last.chars().filter(|c| !c.is_control() && !is_bidi(*c));
    let mut kept: Vec<char> = kept.collect();
    if kept.len() > NAME_MAX {
        kept.drain(..kept.len() - NAME_MAX);
    }
    kept.into_iter().collect::<String>().trim().to_owned()
}

/// Overrides of the writing direction make one name look like another (UAX #9).
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_its_last_part_and_keeps_its_ending() {
        assert_eq!(clean_name("C:\\课表\\高一.xlsx"), "高一.xlsx");
        assert_eq!(clean_name("../../etc/课\u{202E}表\n.csv"), "课表.csv");
        let long = clean_name(&format!("{}.xlsx", "长".repeat(300)));
        assert!(long.ends_with("长.xlsx") && long.chars().count() == NAME_MAX);
        assert_eq!(clean_name(""), "");
    }
}
