//! What storage refuses and why, in both languages: the edge of this room translates here, once.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use model::grant::GrantError;

/// Names the refusal also where an answer has no body (HEAD).
pub(crate) const CODE_HEADER: &str = "yunlubo-error";

/// Why storage did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// No such object or upload, or it belongs to another gatherer.
    #[error("there is no such object or upload")]
    NotFound,
    /// No grant came along.
    #[error("a grant is needed")]
    Unauthorized,
    /// The grant of an upload is not valid.
    #[error("upload refused: {0}")]
    UploadGrant(GrantError),
    /// The grant of a read is not valid.
    #[error("read refused: {0}")]
    ReadGrant(GrantError),
    /// Not tus 1.0.0.
    #[error("Tus-Resumable must be 1.0.0")]
    Version,
    /// A header is missing or wrong.
    #[error("the header {0} is missing or wrong")]
    BadHeader(&'static str),
    /// A file or a body over its limit.
    #[error("more than {max_bytes} bytes")]
    TooLarge {
        /// The limit.
        max_bytes: u64,
    },
    /// The first bytes are not those of the announced kind.
    #[error("the file is not a {expected}")]
    WrongKind {
        /// `MP4` or `JPEG`.
        expected: &'static str,
    },
    /// PATCH needs `application/offset+octet-stream`.
    #[error("the content type must be application/offset+octet-stream")]
    ContentType,
    /// Upload-Offset is not where the upload stands.
    #[error("the upload stands at {offset}")]
    Offset {
        /// Where it stands.
        offset: u64,
    },
    /// Another PATCH of this upload is under way.
    #[error("another request is sending this upload")]
    Locked,
    /// The chunk is not the one Upload-Checksum names; it was dropped.
    #[error("the chunk's checksum is wrong")]
    Checksum,
    /// The whole file has another SHA-256 than announced; it was dropped.
    #[error("the file's SHA-256 is not the announced one")]
    HashMismatch,
    /// The upload is finished; its object is removed by the site only.
    #[error("the upload is finished")]
    Finished,
    /// The volume has no room above its reserve, or is full.
    #[error("the volume is full")]
    Full,
    /// The body gave no byte for too long.
    #[error("the body stopped coming")]
    Idle,
    /// The connection broke within the body, or a newer request took the place.
    #[error("the body broke off")]
    Broken,
    /// No byte of the asked range exists.
    #[error("the range begins after the {len_bytes} bytes of the object")]
    Range {
        /// Size of the object.
        len_bytes: u64,
    },
    /// The disk refused.
    #[error("storage failed while {doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl StorageError {
    /// A system error while `doing`; a full disk is [`StorageError::Full`].
    pub(crate) fn io(doing: &'static str, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StorageError::Full,
            _ => StorageError::Io { doing, source },
        }
    }

    /// The refusal's stable name on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            StorageError::NotFound => "not_found",
            StorageError::Unauthorized => "unauthorized",
            StorageError::UploadGrant(e) | StorageError::ReadGrant(e) => match e {
                GrantError::Forged => "forged",
                GrantError::Other => "other",
                GrantError::Expired => "expired",
            },
            StorageError::Version => "tus_version",
            StorageError::BadHeader(_) => "bad_header",
            StorageError::TooLarge { .. } => "too_large",
            StorageError::WrongKind { .. } => "wrong_kind",
            StorageError::ContentType => "content_type",
            StorageError::Offset { .. } => "offset",
            StorageError::Locked => "locked",
            StorageError::Checksum => "checksum",
            StorageError::HashMismatch => "hash_mismatch",
            StorageError::Finished => "finished",
            StorageError::Full => "full",
            StorageError::Idle => "idle",
            StorageError::Broken => "broken",
            StorageError::Range { .. } => "range",
            StorageError::Io { .. } => "io",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            StorageError::NotFound => StatusCode::NOT_FOUND,
            StorageError::Unauthorized => StatusCode::UNAUTHORIZED,
            // RFC 6750 §3.1: an invalid or expired token is 401, so that the gatherer asks the site for a new one.
            StorageError::UploadGrant(GrantError::Forged | GrantError::Expired) => StatusCode::UNAUTHORIZED,
            StorageError::UploadGrant(GrantError::Other) | StorageError::ReadGrant(_) => {
                StatusCode::FORBIDDEN
            }
            StorageError::Version => StatusCode::PRECONDITION_FAILED,
            StorageError::BadHeader(_) | StorageError::Broken => StatusCode::BAD_REQUEST,
            StorageError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            StorageError::WrongKind { .. } | StorageError::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StorageError::Offset { .. } | StorageError::Finished => StatusCode::CONFLICT,
            StorageError::Locked => StatusCode::LOCKED,
            // tus 1.0 "Checksum Mismatch"; the whole file's hash uses it too.
            StorageError::Checksum | StorageError::HashMismatch => {
                StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
            }
            StorageError::Full => StatusCode::INSUFFICIENT_STORAGE,
            StorageError::Idle => StatusCode::REQUEST_TIMEOUT,
            StorageError::Range { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            StorageError::Io { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn messages(&self) -> (String, String) {
        let fixed = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
        match self {
            StorageError::NotFound => {
                fixed("文件或上传不存在。请从头上传。", "No such file or upload: start the upload anew.")
            }
            StorageError::Unauthorized => fixed("缺少凭证。请先登录。", "A grant is missing: log in first."),
            StorageError::UploadGrant(e) | StorageError::ReadGrant(e) => match e {
                GrantError::Forged => fixed(
                    "凭证无效。请刷新页面或重新登录。",
                    "The grant is not valid: reload the page or log in again.",
                ),
                GrantError::Other => fixed(
                    "凭证不适用于此文件。请刷新页面。",
                    "The grant is for something else: reload the page.",
                ),
                GrantError::Expired => fixed(
                    "凭证已过期。请刷新页面或重新登录。",
                    "The grant has expired: reload the page or log in again.",
                ),
            },
            StorageError::Version => {
                fixed("只支持 tus 1.0.0。", "Only tus 1.0.0 is spoken here: send Tus-Resumable: 1.0.0.")
            }
            StorageError::BadHeader(name) => (
                format!("请求头 {name} 缺失或有误。"),
                format!("The header {name} is missing or wrong: see docs/storage.md."),
            ),
            StorageError::TooLarge { max_bytes } => (
                format!("超过上限 {max_bytes} 字节。请分成更小的部分。"),
                format!("More than {max_bytes} bytes: send smaller parts."),
            ),
            StorageError::WrongKind { expected } => (
                format!("文件不是有效的 {expected}，已丢弃。"),
                format!("The file is not a valid {expected} and was dropped: check the source."),
            ),
            StorageError::ContentType => fixed(
                "内容类型必须为 application/offset+octet-stream。",
                "The content type must be application/offset+octet-stream.",
            ),
            StorageError::Offset { offset } => (
                format!("已收到 {offset} 字节。请从该处继续。"),
                format!("{offset} bytes have arrived: go on from there."),
            ),
            StorageError::Locked => fixed(
                "同一上传正由另一连接发送。请稍后重试。",
                "Another connection is sending this upload: try again in a moment.",
            ),
            StorageError::Checksum => fixed(
                "此部分校验不符，已丢弃。请重发。",
                "The part's checksum is wrong and it was dropped: send it again.",
            ),
            StorageError::HashMismatch => fixed(
                "文件校验不符，已丢弃。请重新计算并重新上传。",
                "The file's hash is not the announced one and it was dropped: hash and upload it anew.",
            ),
            StorageError::Finished => fixed(
                "上传已完成。请在网站上删除录像。",
                "The upload is finished: remove the recording on the site.",
            ),
            StorageError::Full => fixed(
                "存储空间不足。请清理录像或增加磁盘，上传会自动继续。",
                "Storage is full: remove recordings or add a disk; uploads go on by themselves.",
            ),
            StorageError::Idle => fixed(
                "连接长时间没有数据。已收到的部分保留，请继续上传。",
                "No data came for too long: what arrived is kept, go on from there.",
            ),
            StorageError::Broken => fixed(
                "连接中断。已收到的部分保留，请继续上传。",
                "The connection broke: what arrived is kept, go on from there.",
            ),
            StorageError::Range { len_bytes } => (
                format!("请求范围超出文件的 {len_bytes} 字节。"),
                format!("The range is outside the file's {len_bytes} bytes."),
            ),
            StorageError::Io { .. } => fixed(
                "存储服务器磁盘出错。请查看日志并检查磁盘。",
                "The storage server's disk failed: see its log and check the disk.",
            ),
        }
    }
}

impl IntoResponse for StorageError {
    fn into_response(self) -> Response {
        if let StorageError::Io { doing, source } = &self {
            tracing::error!(doing, error = %source, "Storage failed while {doing}: {source}");
        }
        let (message_zh, message_en) = self.messages();
        let body =
            serde_json::json!({ "code": self.code(), "message_zh": message_zh, "message_en": message_en });
        let mut response = (self.status(), axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CODE_HEADER, HeaderValue::from_static(self.code()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match &self {
            StorageError::Unauthorized | StorageError::UploadGrant(_) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StorageError::Offset { offset } => {
                headers.insert("upload-offset", HeaderValue::from(*offset));
            }
            StorageError::Locked => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            StorageError::Range { len_bytes } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{len_bytes}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            _ => {}
        }
        response
    }
}
