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
use std::time::Duration;

/// From the first packet to the camera to its yes.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// No picture for so long is a stall (R6); the original waited three minutes.
const FRAME_WITHIN: Duration = Duration::from_secs(10);

/// Why a source ended. A source never ends well: a camera has no last picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEnd {
    /// For the site's sentence.
    pub cause: ChannelCause,
    /// What happened, English, for the admin. Never a password.
    pub detail: String,
}

impl SourceEnd {
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
