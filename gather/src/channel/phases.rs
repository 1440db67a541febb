//! The pure part of a channel's task: when to try again, and what to call it meanwhile.

use base::backoff::{Backoff, LAST};
use relay_proto::{ChannelCause, ChannelPhase};
use std::time::{Duration, Instant};

/// A source that ran for so long was well: the next pauses begin at the short end again. A camera that breaks off
/// after its first frames each time is not asked every second.
const WELL_AFTER: Duration = Duration::from_secs(10);

/// Whether more tries soon could help: these causes need a person, so the long pause is used at once.
fn needs_a_person(cause: ChannelCause) -> bool {
    use ChannelCause::{AddressRefused, FileMissing, NotMp4, UnsupportedCodec, WrongPassword};
    matches!(cause, WrongPassword | AddressRefused | NotMp4 | FileMissing | UnsupportedCodec)
}

/// Decides after each end of a source.
#[derive(Debug, Clone, Default)]
pub(super) struct Phases {
    backoff: Backoff,
}

impl Phases {
    /// The source ended. `running_since`: its first packet, if any came. With `reconnect` (自动重连网络摄像机) the answer
    /// is `Waiting` and the pause; without it `Failed`, until the admin asks or changes something.
    pub fn ended(
        &mut self,
        cause: ChannelCause,
        running_since: Option<Instant>,
        now: Instant,
        reconnect: bool,
    ) -> (ChannelPhase, Option<Duration>) {
        if running_since.is_some_and(|since| now.saturating_duration_since(since) >= WELL_AFTER) {
            self.backoff.reset();
        }
        if !reconnect {
            return (ChannelPhase::Failed, None);
        }
        let pause = self.backoff.next();
        (ChannelPhase::Waiting, Some(if needs_a_person(cause) { LAST } else { pause }))
    }

    /// The admin asked for it, or changed the source: the count begins anew.
    pub fn asked(&mut self) {
        self.backoff.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ChannelCause::*;

    fn longest(phases: &Phases) -> u64 {
        phases.backoff.ceiling().as_secs()
    }

    #[test]
    fn pauses_grow_until_the_source_was_well() {
        let (mut phases, now) = (Phases::default(), Instant::now());
        for expect in [1, 2, 4, 8, 16, 30, 30] {
            assert_eq!(longest(&phases), expect);
            let (phase, pause) = phases.ended(Lost, Some(now), now, true);
            assert_eq!(phase, ChannelPhase::Waiting);
            assert!(pause.is_some_and(|pause| pause <= Duration::from_secs(expect)));
        }
        phases.ended(NoFrames, Some(now), now + WELL_AFTER, true);
        assert_eq!(longest(&phases), 2, "the first pause after a good time is the shortest");
    }

    #[test]
    fn what_needs_a_person_is_tried_rarely() {
        for cause in [WrongPassword, AddressRefused, NotMp4, FileMissing, UnsupportedCodec] {
            let now = Instant::now();
            assert_eq!(Phases::default().ended(cause, None, now, true), (ChannelPhase::Waiting, Some(LAST)));
        }
    }

    #[test]
    fn without_reconnect_it_failed_until_asked() {
        let now = Instant::now();
        assert_eq!(Phases::default().ended(Lost, Some(now), now, false), (ChannelPhase::Failed, None));
    }
}
