//! RTSP pull with retina: H.264 and H.265; AAC passes, G.711 becomes AAC, other sound is left out.

use super::gate::{Gate, deliver};
use super::reorder::Reorder;
use super::{CONNECT_WITHIN, FRAME_WITHIN, SourceEnd};
use crate::channel::Intake;
use crate::feed::Received;
use crate::ffmpeg::AacEncoder;
use bytes::Bytes;
use futures_util::StreamExt;
use media::codec::{aac, g711, h264, hevc};
use media::{MediaTime, Packet, Track, TrackKind};
use model::channel::Transport;
use relay_proto::ChannelCause;
use retina::client::{
    Credentials, Demuxed, InitialTimestampPolicy, PlayOptions, Session, SessionGroup, SessionOptions,
    SetupOptions, TcpTransportOptions, UdpTransportOptions,
};
use retina::codec::{AudioFrame, CodecItem, FrameFormat, ParametersRef, VideoFrame};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use tokio::time::Instant;
use url::Url;

/// One group for the process: sessions that were dropped are torn down in the background, so that a camera with few
/// places is not filled by our own past.
static SESSIONS: LazyLock<Arc<SessionGroup>> =
    LazyLock::new(|| Arc::new(SessionGroup::default().named("channels".to_owned())));

/// RTP clock of H.264 and H.265 (RFC 6184 §8.2.1).
const VIDEO_CLOCK: u32 = 90_000;
/// Of the addresses a name has, so many are tried.
const PLACES_TRIED: usize = 2;

/// What to open.
pub(super) struct Camera<'a> {
    pub url: Url,
    pub places: Vec<SocketAddr>,
    pub user: &'a str,
    pub password: &'a str,
    pub transport: Transport,
}

/// How the sound of a stream becomes ours.
enum Sound {
    Aac,
    G711 { encoder: Box<AacEncoder>, to_pcm: fn(&[u8]) -> Vec<i16> },
}

/// The streams chosen of a session that plays.
struct Playing {
    demuxed: Demuxed,
    video: usize,
    is_hevc: bool,
    audio: Option<(usize, Sound)>,
    note: String,
}

pub(super) async fn run(camera: Camera<'_>, intake: &mut Intake) -> SourceEnd {
    let mut end = SourceEnd::new(ChannelCause::Unreachable, "the name has no address");
    for place in camera.places.iter().take(PLACES_TRIED) {
        // The checked address is the one connected to.
        let mut url = camera.url.clone();
        if url.set_ip_host(place.ip()).is_err() || url.set_port(Some(place.port())).is_err() {
            return SourceEnd::new(ChannelCause::AddressRefused, "the address cannot be used");
        }
        match tokio::time::timeout(CONNECT_WITHIN, open(url, &camera)).await {
            Ok(Ok(playing)) => return play(playing, intake).await,
            Ok(Err(failed)) => end = failed,
            Err(_) => {
                let seconds = CONNECT_WITHIN.as_secs();
                let detail = format!("{place} did not answer RTSP within {seconds} s");
                end = SourceEnd::new(ChannelCause::Unreachable, detail);
            }
        }
        if end.cause != ChannelCause::Unreachable {
            break;
        }
    }
    end
}

async fn open(url: Url, camera: &Camera<'_>) -> Result<Playing, SourceEnd> {
    let credentials = (!camera.user.is_empty())
        .then(|| Credentials { username: camera.user.to_owned(), password: camera.password.to_owned() });
    let options = SessionOptions::default()
        .creds(credentials)
        .session_group(SESSIONS.clone())
        .user_agent(format!("yunlubo/{}", env!("CARGO_PKG_VERSION")));
    let mut session = Session::describe(url, options).await.map_err(refused)?;
    let streams = session.streams();
    let find = |media: &str, names: &[&str]| {
        streams.iter().position(|s| s.media() == media && names.contains(&s.encoding_name()))
    };
    let Some(video) = find("video", &["h264", "h265"]) else {
        let names: Vec<String> =
            streams.iter().map(|s| format!("{}/{}", s.media(), s.encoding_name())).collect();
        let detail = format!("the camera offers [{}], none of it H.264 or H.265", names.join(", "));
        return Err(SourceEnd::new(ChannelCause::UnsupportedCodec, detail));
    };
    let is_hevc = streams[video].encoding_name() == "h265";
    let mut note = String::new();
    let mut audio = match find("audio", &["mpeg4-generic", "pcma", "pcmu"]) {
        Some(index) => sound(&streams[index])
            .map(|sound| (index, sound))
            .map_err(|why| note = format!("sound is left out: {why}"))
            .ok(),
        None => {
            if let Some(other) = streams.iter().find(|s| s.media() == "audio") {
                note = format!("sound is left out: {} is neither AAC nor G.711", other.encoding_name());
            }
            None
        }
    };
    session.setup(video, setup_options(camera.transport)).await.map_err(refused)?;
    if let Some((index, _)) = &audio
        && let Err(error) = session.setup(*index, setup_options(camera.transport)).await
    {
        note = format!("sound is left out: {}", first_line(&error));
        audio = None;
    }
    // Permissive: cameras that leave RTP-Info out are common, and their sound then starts with its first packet.
    let options = PlayOptions::default().initial_timestamp(InitialTimestampPolicy::Permissive);
    let playing = session.play(options).await.map_err(refused)?;
    Ok(Playing { demuxed: playing.demuxed().map_err(refused)?, video, is_hevc, audio, note })
}

fn setup_options(transport: Transport) -> SetupOptions {
    let transport = match transport {
        Transport::Tcp => retina::client::Transport::Tcp(TcpTransportOptions::default()),
        Transport::Udp => retina::client::Transport::Udp(UdpTransportOptions::default()),
    };
    SetupOptions::default().transport(transport).frame_format(FrameFormat::MP4)
}

fn sound(stream: &retina::client::Stream) -> Result<Sound, String> {
    let to_pcm = match stream.encoding_name() {
        "pcma" => g711::a_law_to_pcm,
        "pcmu" => g711::mu_law_to_pcm,
        _ => return Ok(Sound::Aac),
    };
    if stream.channels().is_some_and(|channels| channels.get() > 1) {
        return Err("G.711 of more than one channel".into());
    }
    let encoder = AacEncoder::new(stream.clock_rate_hz()).map_err(|error| error.to_string())?;
    Ok(Sound::G711 { encoder: Box::new(encoder), to_pcm })
}

/// What the camera's answer (or silence) while opening means.
fn refused(error: retina::Error) -> SourceEnd {
    let cause = match error.status_code() {
        Some(401 | 403) => ChannelCause::WrongPassword,
        Some(404 | 410 | 454) => ChannelCause::NoSuchStream,
        _ => ChannelCause::Unreachable,
    };
    SourceEnd::new(cause, first_line(&error))
}

/// retina's texts go on with addresses and positions for packet captures; the first line says what happened.
fn first_line(error: &retina::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().chars().take(300).collect()
}

async fn play(mut playing: Playing, intake: &mut Intake) -> SourceEnd {
    intake.note(std::mem::take(&mut playing.note));
    let audio_name = match &playing.audio {
        Some((_, Sound::G711 { .. })) => "AAC (G.711)",
        _ => "AAC",
    };
    let mut stream = Stream {
        gate: Gate::new(playing.audio.is_some()),
        reorder: Reorder::default(),
        is_hevc: playing.is_hevc,
        audio: playing.audio,
        has_track: false,
    };
    // Frames count, not RTCP and not keep-alive answers: a camera may do these with a dead encoder.
    let mut deadline = Instant::now() + FRAME_WITHIN;
    let since = std::time::Instant::now();
    loop {
        let item = match tokio::time::timeout_at(deadline, playing.demuxed.next()).await {
            Err(_) => {
                let detail = format!("no picture for {} s", FRAME_WITHIN.as_secs());
                return SourceEnd::new(ChannelCause::NoFrames, detail);
            }
            Ok(None) => return SourceEnd::new(ChannelCause::Lost, "the camera closed the connection"),
            Ok(Some(Err(error))) => return SourceEnd::new(ChannelCause::Lost, first_line(&error)),
            Ok(Some(Ok(item))) => item,
        };
        let passed = match item {
            CodecItem::VideoFrame(frame) if frame.stream_id() == playing.video => {
                deadline = Instant::now() + FRAME_WITHIN;
                stream.video(frame, &playing.demuxed, playing.video)
            }
            CodecItem::AudioFrame(frame) => stream.audio(&frame, &playing.demuxed),
            _ => Ok(Vec::new()),
        };
        match passed {
            Ok(passed) => deliver(passed, intake, audio_name),
            Err(end) => return end,
        }
        if let Some(end) = SourceEnd::if_no_keyframe(intake, since) {
            return end;
        }
    }
}

struct Stream {
    gate: Gate,
    reorder: Reorder,
    is_hevc: bool,
    audio: Option<(usize, Sound)>,
    has_track: bool,
}

impl Stream {
    fn video(
        &mut self,
        frame: VideoFrame,
        demuxed: &Demuxed,
        index: usize,
    ) -> Result<Vec<super::gate::Passed>, SourceEnd> {
        if frame.loss() > 0 {
            self.gate.lost_video();
        }
        if !self.has_track || frame.has_new_parameters() {
            let Some(ParametersRef::Video(parameters)) = demuxed.streams()[index].parameters() else {
                return Ok(Vec::new());
            };
            let config = Bytes::copy_from_slice(parameters.extra_data());
            let track = if self.is_hevc {
                hevc::track_from_hvcc(config, VIDEO_CLOCK)
            } else {
                h264::track_from_avcc(config, VIDEO_CLOCK)
            };
            let track =
                track.map_err(|error| SourceEnd::new(ChannelCause::UnsupportedCodec, error.to_string()))?;
            self.gate.track(track);
            self.has_track = true;
        }
        let received = received(frame.start_ctx());
        let pts_90k = frame.timestamp().elapsed();
        let data = Bytes::from(frame.into_data());
        // Not `is_random_access_point`: retina 0.4.21 does not see CRA and BLA of H.265.
        let key = if self.is_hevc { hevc::is_keyframe(&data) } else { h264::is_keyframe(&data) };
        let dts_90k = self.reorder.dts_90k(pts_90k);
        let composition_offset = (pts_90k - dts_90k) as i32;
        let dts = MediaTime::new(dts_90k, VIDEO_CLOCK);
        let packet = Packet { kind: TrackKind::Video, dts, composition_offset, key, data };
        Ok(self.gate.push(packet, received))
    }

    fn audio(
        &mut self,
        frame: &AudioFrame,
        demuxed: &Demuxed,
    ) -> Result<Vec<super::gate::Passed>, SourceEnd> {
        let Some((index, sound)) = &mut self.audio else { return Ok(Vec::new()) };
        if frame.stream_id() != *index {
            return Ok(Vec::new());
        }
        let received = received(frame.ctx());
        let at = frame.timestamp().elapsed();
        let mut passed = Vec::new();
        match sound {
            Sound::Aac => {
                let Some(track) = aac_track(demuxed, *index) else { return Ok(Vec::new()) };
                let dts = MediaTime::new(at, track.timescale);
                self.gate.track(track);
                passed = self.gate.push(audio_packet(dts, Bytes::copy_from_slice(frame.data())), received);
            }
            Sound::G711 { encoder, to_pcm } => {
                let frames = encoder
                    .encode(at, &to_pcm(frame.data()))
                    .map_err(|error| SourceEnd::new(ChannelCause::Lost, error.to_string()))?;
                self.gate.track(encoder.track());
                for (at, data) in frames {
                    let dts = MediaTime::new(at, encoder.track().timescale);
                    passed.extend(self.gate.push(audio_packet(dts, data), received));
                }
            }
        }
        Ok(passed)
    }
}

fn audio_packet(dts: MediaTime, data: Bytes) -> Packet {
    Packet { kind: TrackKind::Audio, dts, composition_offset: 0, key: true, data }
}

fn aac_track(demuxed: &Demuxed, index: usize) -> Option<Track> {
    match demuxed.streams()[index].parameters() {
        Some(ParametersRef::Audio(parameters)) => {
            aac::track(Bytes::copy_from_slice(parameters.extra_data()), parameters.clock_rate()).ok()
        }
        _ => None,
    }
}

fn received(context: &retina::PacketContext) -> Received {
    let now = Received::now();
    // retina's clock is monotonic; the wall clock is ours, so that both steps of it are seen once only.
    let age = now.instant.saturating_duration_since(context.received());
    Received { at_ms: now.at_ms - age.as_millis() as i64, instant: now.instant - age }
}
