//! Where packets come from: a camera over RTSP, a stream over RTMP, a file.

mod gate;
mod mp4;
mod reorder;
mod rtmp;
mod rtsp;

use crate::address::{AddressError, AddressRules};
use crate::channel::Intake;
use model::channel::Source;
use relay_proto::ChannelCause;
use std::time::{Duration, Instant};

/// From the first packet to the camera to its yes.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// No picture for so long is a stall (R6); the original waited three minutes.
const FRAME_WITHIN: Duration = Duration::from_secs(10);

/// From the first picture to the first keyframe; the longest GOP of a camera's "smart" mode is about 20 s.
const KEYFRAME_WITHIN: Duration = Duration::from_secs(60);

/// Why a source ended. A source never ends well: a camera has no last picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEnd {
    /// For the site's sentence.
    pub cause: ChannelCause,
    /// What happened, English, for the admin. Never a password.
    pub detail: String,
}

impl SourceEnd {
    /// For a source that gave no packet yet although pictures come since `since`: some encoders refresh the picture bit
    /// by bit and never send a keyframe. Nothing can be recorded or watched of that.
    fn if_no_keyframe(intake: &Intake, since: Instant) -> Option<Self> {
        let is_over = intake.running_since().is_none() && since.elapsed() > KEYFRAME_WITHIN;
        is_over.then(|| {
            let seconds = KEYFRAME_WITHIN.as_secs();
            let detail =
                format!("no keyframe for {seconds} s: set a keyframe interval (I-frame, GOP) on the camera");
            Self::new(ChannelCause::NoFrames, detail)
        })
    }

    fn new(cause: ChannelCause, detail: impl Into<String>) -> Self {
        Self { cause, detail: detail.into() }
    }
}

impl From<AddressError> for SourceEnd {
    fn from(error: AddressError) -> Self {
        Self::new(error.cause(), error.to_string())
    }
}

/// Opens `source` and writes what comes into `intake`, until it ends. Dropping the future closes everything.
pub async fn run(source: &Source, rules: &AddressRules, intake: &mut Intake) -> SourceEnd {
    let (url, user, password, transport) = match source {
        Source::File { path } => return mp4::run(path, rules, intake).await,
        Source::Pull { url, user, password, transport } => (url, user, password, *transport),
    };
    match rules.pull(url).await {
        Err(error) => error.into(),
        Ok((checked, places)) if checked.scheme() == "rtsp" => {
            let camera = rtsp::Camera { url: checked, places, user, password, transport };
            rtsp::run(camera, intake).await
        }
        Ok((_, places)) => rtmp::run(url.trim(), &places, intake).await,
    }
}
