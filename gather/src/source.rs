//! Where packets come from: a camera over RTSP, a stream over RTMP, a file.

use crate::address::{AddressError, AddressRules};
use crate::channel::Intake;
use model::channel::Source;
use relay_proto::ChannelCause;

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
pub async fn run(_source: &Source, _rules: &AddressRules, _intake: &mut Intake) -> SourceEnd {
    SourceEnd::new(ChannelCause::Unreachable, "being built")
}
