//! What a gatherer says to the site over HTTP (docs/protocol.md §5).

mod plan;

use super::nonces::LIFE_MS as CHALLENGE_MS;
use crate::error::WebError;
use crate::extract::Body;
use crate::state::AppState;
use crate::{join_code, session};
use axum::extract::{FromRequestParts, State};
use axum::http::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use db::{CodeRefusal, DbError, NewSlice, Snapshot};
use ed25519_dalek::{Signature, VerifyingKey};
use jiff::tz::TimeZone;
use model::calendar::LessonKey;
use model::gatherer::Machine;
use model::grant::{Grant, Right};
use model::slice::SliceFacts;
use model::{ChannelId, GathererId};
use relay_proto::site::{
    Challenge, DesiredState, EnrolReply, EnrolRequest, LoginReply, LoginRequest, SliceAck, SliceNotice,
    SnapshotNotice, state_tag,
};

/// A gatherer's grant works this long; it renews it at half time.
pub const GRANT_MS: i64 = 3_600_000;
/// Longest label a gatherer may give of its machine, characters.
const LABEL_MAX: usize = 128;
/// Longest slice, ms: a day and an hour (the night the clocks go back).
const SLICE_MAX_MS: i64 = 25 * 3_600_000;
/// 9999-01-01: a clock may be wrong, but a time beyond what calendars hold, or sums of which overflow, would leave every
/// list that shows it unreadable.
const TIME_MAX_MS: i64 = 253_370_764_800_000;
/// Frames of the longest slice at 1,000 a second: sums of a lesson stay far from overflowing.
const FRAMES_MAX: i64 = SLICE_MAX_MS;

/// `/api/gather/…`
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/gather/enrol", post(enrol))
        .route("/api/gather/challenge", get(challenge))
        .route("/api/gather/login", post(login))
        .route("/api/gather/state", get(desired_state))
        .route("/api/gather/slices", post(slices))
        .route("/api/gather/snapshots", post(snapshots))
}

/// The gatherer behind an `Authorization: Bearer` grant.
struct Caller(GathererId);

impl FromRequestParts<AppState> for Caller {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or("");
        let grant = header.strip_prefix("Bearer ").unwrap_or("");
        let found =
            state.signer.verify(grant, Right::Gatherer, state.now_ms()).map_err(|_| unauthorized())?;
        found.resource.parse().map(Caller).map_err(|_| unauthorized())
    }
}

async fn enrol(
    State(state): State<AppState>,
    Body(asked): Body<EnrolRequest>,
) -> Result<Json<EnrolReply>, WebError> {
    let code_hash = join_code::hash(&asked.join_code).ok_or_else(|| code_refused(CodeRefusal::Unknown))?;
    if public_key(&asked.public_key).is_none() {
        return Err(bad_request(
            "公钥不是有效的 Ed25519 公钥。",
            "The public key is not a usable Ed25519 key.",
        ));
    }
    let machine = labels(asked.machine);
    let enrolled = state.db.enroll_gatherer(&code_hash, &asked.public_key, &machine, state.now_ms()).await;
    let gatherer = enrolled.map_err(|error| match error {
        DbError::JoinCode(refusal) => code_refused(refusal),
        other => other.into(),
    })?;
    tracing::info!(gatherer.id = %gatherer.id, "Enrolled gatherer {}", gatherer.id);
    Ok(Json(EnrolReply { gatherer_id: gatherer.id, name: gatherer.settings.name }))
}

async fn challenge(State(state): State<AppState>) -> Result<Json<Challenge>, WebError> {
    let nonce = session::new_secret()?;
    let challenge = state.signer.sign(Right::Challenge, &nonce, "", state.now_ms() + CHALLENGE_MS);
    Ok(Json(Challenge { challenge }))
}

async fn login(
    State(state): State<AppState>,
    Body(asked): Body<LoginRequest>,
) -> Result<Json<LoginReply>, WebError> {
    let now_ms = state.now_ms();
    let nonce =
        state.signer.verify(&asked.challenge, Right::Challenge, now_ms).map_err(|_| unauthorized())?;
    let gatherer = state.db.gatherer(asked.gatherer_id).await.map_err(|error| match error {
        DbError::NotFound { .. } => unauthorized(),
        other => other.into(),
    })?;
    let key = public_key(&gatherer.public_key).ok_or_else(unauthorized)?;
    let signature = B64.decode(&asked.signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
    let signed = format!("yunlubo-login|{}|{}", asked.gatherer_id, asked.challenge);
    let right = signature.is_some_and(|s| key.verify_strict(signed.as_bytes(), &s).is_ok());
    // Spent only now: nobody can use up the challenge of another.
    if !right || !state.nonces.spend(&nonce.resource, now_ms) {
        return Err(unauthorized());
    }
    state.db.gatherer_said(gatherer.id, &labels(asked.machine), now_ms).await?;
    let expires_at_ms = now_ms + GRANT_MS;
    let grant = state.signer.sign(Right::Gatherer, &gatherer.id.to_string(), "", expires_at_ms);
    Ok(Json(LoginReply { grant, expires_at_ms, server_time_ms: now_ms }))
}

async fn desired_state(
    State(state): State<AppState>,
    Caller(id): Caller,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let gone = |error| match error {
        DbError::NotFound { .. } => unauthorized(),
        other => WebError::from(other),
    };
    let settings = state.db.settings().await?;
    let zone = TimeZone::get(&settings.time_zone).unwrap_or(TimeZone::UTC);
    let window = plan::Window::at(&zone, state.now_ms())?;
    let now_tag = state_tag(state.db.state_version(id).await.map_err(gone)?, window.last);
    let known = headers.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    if known == Some(&now_tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, now_tag)]).into_response());
    }
    // The version is read before what it names: a change in between shows again under its own version.
    let found = state.db.gatherer_state(id).await.map_err(gone)?;
    let lessons = plan::spans(&state, &found, window).await?;
    let (relay_host, relay_port) = match settings.relay_host.as_str() {
        "" => (state.site.relay_host.clone(), state.site.relay_port),
        host => (host.to_owned(), settings.relay_port),
    };
    let storage_url = match settings.storage_site.trim_end_matches('/') {
        "" => state.site.storage_url.clone(),
        site => format!("{site}:{}", settings.storage_site_port),
    };
    let wanted = DesiredState {
        version: found.version,
        settings: found.settings,
        channels: found.channels,
        lessons,
        last_date: window.last,
        time_zone: found.time_zone,
        site_name: found.site_name,
        relay_host,
        relay_port,
        storage_url,
    };
    Ok(([(ETAG, wanted.tag())], Json(wanted)).into_response())
}

async fn slices(
    State(state): State<AppState>,
    Caller(id): Caller,
    Body(notice): Body<SliceNotice>,
) -> Result<Json<SliceAck>, WebError> {
    let SliceNotice { facts, receipt, still_receipt } = notice;
    check_facts(&facts)?;
    if !state.db.channel_has_left(facts.channel_id, id).await? {
        own_channel(&state, id, facts.channel_id).await?;
    }
    let now_ms = state.now_ms();
    let file = receipt_of(&state, &receipt)?;
    if file.subject != format!("{}.{}", facts.size_bytes, facts.sha256) {
        return Err(bad_receipt());
    }
    let still = still_receipt.as_deref().map(|r| receipt_of(&state, r)).transpose()?;
    check_object(&state, &facts, &file.resource, now_ms).await?;
    let new = NewSlice { facts: facts.clone(), object_id: file.resource };
    let first = matches!(state.db.lesson(&facts.lesson_key).await, Err(DbError::NotFound { .. }));
    // A second upload of the same slice, and a still that is replaced, are noted for removal there.
    state.db.add_slice(&new, now_ms).await.map_err(|error| slice_refused(error, facts.channel_id))?;
    if first && let Err(error) = plan::title(&state, id, &facts).await {
        tracing::warn!(
            lesson.key = facts.lesson_key,
            ?error,
            "Lesson {} keeps its reported title",
            facts.lesson_key
        );
    }
    if let Some(still) = still {
        state.db.set_still(&facts.slice_id, &still.resource, now_ms).await?;
    }
    Ok(Json(SliceAck { slice_id: facts.slice_id, size_bytes: facts.size_bytes, sha256: facts.sha256 }))
}

async fn snapshots(
    State(state): State<AppState>,
    Caller(id): Caller,
    Body(notice): Body<SnapshotNotice>,
) -> Result<StatusCode, WebError> {
    own_channel(&state, id, notice.channel_id).await?;
    let picture = receipt_of(&state, &notice.receipt)?;
    let now_ms = state.now_ms();
    let new = Snapshot {
        channel_id: notice.channel_id,
        object_id: picture.resource,
        // A gatherer whose clock runs ahead must not freeze the picture until the future has come.
        taken_at_ms: notice.taken_at_ms.clamp(0, now_ms),
    };
    state.db.put_snapshot(&new, now_ms).await.map_err(|e| slice_refused(e, notice.channel_id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The channel must be this gatherer's: another one's is as unknown as none.
async fn own_channel(state: &AppState, id: GathererId, channel: ChannelId) -> Result<(), WebError> {
    match state.db.channel(channel).await {
        Ok(row) if row.channel.gatherer_id == id => Ok(()),
        Ok(_) | Err(DbError::NotFound { .. }) => Err(unknown_channel(channel)),
        Err(error) => Err(error.into()),
    }
}

fn receipt_of(state: &AppState, receipt: &str) -> Result<Grant, WebError> {
    state.signer.verify(receipt, Right::Receipt, state.now_ms()).map_err(|_| bad_receipt())
}

/// Whether storage has the object in this size. A receipt alone is a memory: the gatherer deletes its file upon our
/// answer. Yes when storage runs elsewhere: then its receipt is all we have.
async fn holds(state: &AppState, object: &str, size_bytes: i64) -> Result<bool, WebError> {
    let Some(storage) = &state.storage else { return Ok(true) };
    let Some(id) = storage::ObjectId::parse(object) else { return Ok(false) };
    let found = storage.volume().len(&id).await.map_err(|e| WebError::Internal(e.to_string()))?;
    Ok(found.is_some_and(|len| i64::try_from(len) == Ok(size_bytes)))
}

/// Refuses a slice whose file storage no longer has: the gatherer then asks storage, learns that its upload is gone, and
/// sends the file again. A slice told before whose own file was lost gets the one that was sent now, which otherwise
/// would be taken for a needless copy and removed.
async fn check_object(
    state: &AppState,
    facts: &SliceFacts,
    object: &str,
    now_ms: i64,
) -> Result<(), WebError> {
    let known = match state.db.slice(&facts.slice_id).await {
        Ok(known) => Some(known).filter(|known| known.facts == *facts && known.object_id != object),
        Err(DbError::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(known) = &known
        && holds(state, &known.object_id, facts.size_bytes).await?
    {
        return Ok(());
    }
    if !holds(state, object, facts.size_bytes).await? {
        let slice_id = &facts.slice_id;
        tracing::warn!(slice.id = slice_id, "Storage no longer has the file of slice {slice_id}");
        return Err(bad_receipt());
    }
    if known.is_some() {
        let replaced = state.db.replace_object(&facts.slice_id, object, now_ms).await;
        replaced.map_err(|error| slice_refused(error, facts.channel_id))?;
    }
    Ok(())
}

/// Refuses facts that no gatherer of ours would report: they go into pages and into the database as they are.
fn check_facts(facts: &SliceFacts) -> Result<(), WebError> {
    let ulid = facts.slice_id.len() == 26 && facts.slice_id.bytes().all(|b| b.is_ascii_alphanumeric());
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let hash = facts.sha256.len() == 64 && facts.sha256.bytes().all(hex);
    // A lesson without a teacher has teacher 0.
    let key = match facts.lesson_key.parse() {
        Ok(LessonKey::Range { range, .. }) => range == facts.range_id,
        Ok(LessonKey::Lesson { channel, .. }) => facts.range_id.0 == 0 && channel == facts.channel_id,
        Err(_) => false,
    };
    let times = (0..=SLICE_MAX_MS).contains(&facts.duration_ms)
        && (0..=facts.duration_ms).contains(&facts.overlap_ms)
        && (1..=TIME_MAX_MS).contains(&facts.started_at_ms);
    let name = |b: u8| b.is_ascii_alphanumeric() || b".-_ ".contains(&b);
    let codecs = matches!(facts.video_codec.as_str(), "H.264" | "H.265" | "")
        && facts.audio_codec.len() <= 20
        && facts.audio_codec.bytes().all(name);
    let sizes = facts.size_bytes > 0 && (0..=FRAMES_MAX).contains(&facts.video_frames);
    if ulid && hash && key && times && codecs && sizes {
        return Ok(());
    }
    Err(bad_request("切片的内容不合规则。", "The facts of the slice break the rules of the protocol."))
}

fn slice_refused(error: DbError, channel: ChannelId) -> WebError {
    match error {
        DbError::NotFound { .. } => unknown_channel(channel),
        DbError::Conflict { .. } | DbError::Taken { .. } => WebError::refused(
            StatusCode::CONFLICT,
            "conflict",
            "同一切片已用不同的内容登记过。",
            "This slice was registered before with different facts.",
        ),
        other => other.into(),
    }
}

fn public_key(text: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = B64.decode(text).ok()?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak())
}

/// A machine's labels, cut to a sane length and without control characters.
fn labels(machine: Machine) -> Machine {
    let cut = |text: String| text.chars().filter(|c| !c.is_control()).take(LABEL_MAX).collect();
    Machine {
        host_name: cut(machine.host_name),
        ip: cut(machine.ip),
        mac: cut(machine.mac),
        os: cut(machine.os),
        version: cut(machine.version),
    }
}

fn unauthorized() -> WebError {
    WebError::refused(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "采集端没有登录或已被移除，请重新登录；若已移除，请用新的加入码重新加入。",
        "The gatherer is not logged in or was removed: log in again, or enrol with a new join code.",
    )
}

fn code_refused(refusal: CodeRefusal) -> WebError {
    let (code, zh, en) = match refusal {
        CodeRefusal::Unknown => {
            ("bad_join_code", "加入码不对，请核对后重新输入。", "Unknown join code: check it.")
        }
        CodeRefusal::Expired => (
            "join_code_expired",
            "加入码已过期（15 分钟），请在网站后台的采集管理里重新生成。",
            "The join code has expired (15 minutes): make a new one under Gatherers on the site.",
        ),
        CodeRefusal::Used => (
            "join_code_used",
            "加入码已被使用，请在网站后台的采集管理里重新生成。",
            "The join code was used already: make a new one under Gatherers on the site.",
        ),
    };
    WebError::refused(StatusCode::FORBIDDEN, code, zh, en)
}

fn unknown_channel(channel: ChannelId) -> WebError {
    WebError::refused(
        StatusCode::NOT_FOUND,
        "unknown_channel",
        format!("通道 {channel} 不存在或不属于这个采集端。"),
        format!("Channel {channel} does not exist or belongs to another gatherer."),
    )
}

fn bad_receipt() -> WebError {
    WebError::refused(
        StatusCode::UNPROCESSABLE_ENTITY,
        "bad_receipt",
        "存储回执无效，或与文件的大小、校验值不符，请重新上传。",
        "The storage receipt is not valid or does not match size and hash: upload the file again.",
    )
}

fn bad_request(zh: &str, en: &str) -> WebError {
    WebError::refused(StatusCode::BAD_REQUEST, "bad_request", zh, en)
}
