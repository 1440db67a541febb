//! What the relay holds for each gatherer: connection, wanted pushes, newest state version, last report.

use super::{
    Asker, Broker, ChannelId, Command, ConnId, GathererId, GathererView, Now, Output, Report, WantedPush,
};
use relay_proto::{ErrorCode, RelayMessage, RemoteError};
use std::collections::BTreeMap;

/// One gatherer, on line or not.
#[derive(Debug, Default)]
pub(super) struct GathererState {
    pub(super) conn: Option<ConnId>,
    /// Newest version of its desired state that the site has named.
    pub(super) version: i64,
    wanted: BTreeMap<ChannelId, Wanted>,
    report: Option<Report>,
    report_at_ms: i64,
    clock_skew_ms: i64,
}

/// A push that somebody wants.
#[derive(Debug)]
struct Wanted {
    push: WantedPush,
    /// The remote live server that asked for it; `None`: this process. When it leaves, its wishes go with it.
    owner: Option<ConnId>,
}

impl GathererState {
    pub(super) fn disown(&mut self, conn: ConnId) {
        self.wanted.retain(|_, wanted| wanted.owner != Some(conn));
    }
}

impl Broker {
    /// A report: renews the lease (done by the caller), is remembered, and is answered with the whole truth.
    pub(super) fn reported(&mut self, now: Now, conn: ConnId, gatherer: Option<GathererId>, report: Report) {
        let (mut state_version, mut wanted) = (0, Vec::new());
        if let Some(id) = gatherer {
            let state = self.gatherers.entry(id).or_default();
            // A gatherer without a clock says 0.
            let said = (report.clock_ms > 0).then_some(report.clock_ms);
            state.clock_skew_ms = said.map_or(0, |clock_ms| clock_ms.saturating_sub(now.wall_ms));
            state.report_at_ms = now.wall_ms;
            state.report = Some(report);
            state_version = state.version;
            wanted = state.wanted.values().map(|w| w.push.clone()).collect();
            self.outputs.extend([Output::Gatherer(id), Output::Changed]);
        }
        // A full mailbox loses this answer; the next report is answered again.
        self.post(conn, RelayMessage::ReportAck { server_time_ms: now.wall_ms, state_version, wanted });
    }

    /// From now on every report of `gatherer` is answered with this push. An older epoch never replaces a newer one.
    pub fn want(&mut self, gatherer: GathererId, push: WantedPush) {
        self.insert_wanted(gatherer, Wanted { push, owner: None });
    }

    /// As [`Broker::want`] for a remote live server. Answers the channel when this made it wanted.
    pub(super) fn want_for(&mut self, to: GathererId, push: WantedPush, owner: ConnId) -> Option<ChannelId> {
        let channel = push.channel_id;
        self.insert_wanted(to, Wanted { push, owner: Some(owner) }).then_some(channel)
    }

    fn insert_wanted(&mut self, gatherer: GathererId, wanted: Wanted) -> bool {
        let all = &mut self.gatherers.entry(gatherer).or_default().wanted;
        let channel = wanted.push.channel_id;
        let newer = all.get(&channel).is_none_or(|old| old.push.epoch <= wanted.push.epoch);
        if newer {
            all.insert(channel, wanted);
        }
        newer
    }

    /// Nobody wants this push any more.
    pub fn unwant(&mut self, gatherer: GathererId, channel: ChannelId) {
        if let Some(state) = self.gatherers.get_mut(&gatherer) {
            state.wanted.remove(&channel);
        }
    }

    /// The site has a newer desired state; a gatherer on line is told at once.
    pub fn state_changed(&mut self, now: Now, gatherer: GathererId, version: i64) {
        let state = self.gatherers.entry(gatherer).or_default();
        state.version = state.version.max(version);
        let version = state.version;
        self.ask(now, Asker::Nobody, gatherer, Command::StateChanged { version });
    }

    /// The gatherer was removed: it is sent away and everything about it is forgotten.
    pub fn remove_gatherer(&mut self, gatherer: GathererId) {
        if let Some(conn) = self.gatherers.get(&gatherer).and_then(|g| g.conn) {
            self.refuse(conn, RemoteError::new(ErrorCode::Unauthorized, "this gatherer was removed"));
        }
        self.gatherers.remove(&gatherer);
    }

    /// What is known of a gatherer; `None` when it was never heard of nor wanted.
    pub fn gatherer(&self, id: GathererId) -> Option<GathererView> {
        self.gatherers.get(&id).map(|state| GathererView {
            online: state.conn.is_some(),
            report: state.report.clone(),
            report_at_ms: state.report_at_ms,
            clock_skew_ms: state.clock_skew_ms,
        })
    }
}
