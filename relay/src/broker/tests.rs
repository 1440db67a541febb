//! The broker under a clock that the tests move.

use super::*;
use relay_proto::{Hello, Outcome};

const GATHERER: GathererId = GathererId(7);
const CAMERA: ConnId = 1;
const LIVE: ConnId = 2;
/// Wall clock at the start of every test, Unix ms.
const WALL_MS: i64 = 1_763_600_000_000;

struct World {
    broker: Broker,
    start: Instant,
    at: Duration,
}

impl World {
    fn new() -> Self {
        let start = Instant::now();
        let broker = Broker::new(Now { at: start, wall_ms: WALL_MS });
        Self { broker, start, at: Duration::ZERO }
    }

    fn now(&self) -> Now {
        Now { at: self.start + self.at, wall_ms: WALL_MS + self.at.as_millis() as i64 }
    }

    /// Moves time as the shell does: a tick at every `poll_timeout` on the way.
    fn at_s(&mut self, s: u64) {
        let goal = Duration::from_secs(s);
        while self.broker.poll_timeout() <= self.start + goal {
            self.at = self.broker.poll_timeout() - self.start;
            self.broker.tick(self.now());
        }
        self.at = goal;
    }

    fn login(&mut self, conn: ConnId, terminal: TerminalType) {
        let gatherer_id = (terminal == TerminalType::Gatherer).then_some(GATHERER);
        let who = Identity { terminal, gatherer_id, name: format!("t{conn}"), state_version: 3 };
        let peer = SocketAddr::from(([10, 0, 0, 1], 4000 + conn as u16));
        self.broker.login(self.now(), conn, who, 1, peer);
        assert!(matches!(self.read(conn), Next::Message(RelayMessage::Welcome { version: 1, .. })));
        self.outputs();
    }

    fn say(&mut self, conn: ConnId, message: ClientMessage) {
        self.broker.message(self.now(), conn, message);
    }

    fn send(&mut self, id: u64, command: Command) {
        self.say(LIVE, ClientMessage::Send { id, to: GATHERER, command });
    }

    fn ask(&mut self, ask: AskId) {
        self.broker.command(self.now(), ask, GATHERER, reconnect());
    }

    fn read(&mut self, conn: ConnId) -> Next {
        self.broker.next(conn)
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.broker.poll_output()).collect()
    }

    /// Answers of questions, with their error codes.
    fn completed(&mut self) -> Vec<(AskId, Option<ErrorCode>)> {
        let complete = |o| match o {
            Output::Complete(ask, result) => Some((ask, result.err().map(|e| e.code))),
            _ => None,
        };
        self.outputs().into_iter().filter_map(complete).collect()
    }

    fn reply_of(&mut self, conn: ConnId) -> (u64, Option<ErrorCode>) {
        match self.read(conn) {
            Next::Message(RelayMessage::Reply { id, outcome: Outcome::Done }) => (id, None),
            Next::Message(RelayMessage::Reply { id, outcome: Outcome::Failed(e) }) => (id, Some(e.code)),
            other => panic!("expected a reply, got {other:?}"),
        }
    }

    #[track_caller]
    fn expect_close(&mut self, conn: ConnId, code: ErrorCode) {
        match self.read(conn) {
            Next::Close(Some(error)) => assert_eq!(error.code, code),
            other => panic!("expected a close with {code:?}, got {other:?}"),
        }
    }

    fn wanted_in_ack(&mut self) -> Vec<u64> {
        self.say(CAMERA, ClientMessage::Report(Report::default()));
        loop {
            match self.read(CAMERA) {
                Next::Message(RelayMessage::ReportAck { wanted, .. }) => {
                    return wanted.iter().map(|w| w.epoch).collect();
                }
                Next::Message(_) => {}
                other => panic!("expected an ack, got {other:?}"),
            }
        }
    }
}

fn reconnect() -> Command {
    Command::Reconnect { channel_id: ChannelId(1) }
}

fn push(epoch: u64) -> WantedPush {
    WantedPush { channel_id: ChannelId(1), url: "rtmp://-:1935/live/live1?token=x".into(), epoch }
}

/// Silent for `alive_s`: still there. Silent for `gone_s`: dropped, and at the latest one sweep later.
#[track_caller]
fn check_lease(terminal: TerminalType, alive_s: u64, gone_s: u64) {
    let mut w = World::new();
    w.login(CAMERA, terminal);
    w.at_s(alive_s);
    assert_eq!(w.broker.terminals(w.now()).len(), 1, "dropped before {alive_s} s");
    w.at_s(gone_s + SWEEP_EVERY.as_secs());
    assert!(w.broker.terminals(w.now()).is_empty(), "still there {gone_s} s + a sweep later");
    w.expect_close(CAMERA, ErrorCode::Timeout);
}

#[test]
fn a_silent_gatherer_is_kept_59_s_and_dropped_after_61() {
    check_lease(TerminalType::Gatherer, 59, 61);
    check_lease(TerminalType::Site, 59, 61);
}

#[test]
fn a_silent_live_server_is_kept_239_s_and_dropped_after_241() {
    check_lease(TerminalType::Live, 239, 241);
}

#[test]
fn a_silent_player_is_kept_29_s_and_dropped_after_31() {
    check_lease(TerminalType::Player, 29, 31);
}

#[test]
fn every_message_renews_the_lease() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    for s in [50, 100, 150] {
        w.at_s(s);
        w.say(CAMERA, ClientMessage::Reply { id: 999, outcome: Outcome::Done });
    }
    w.at_s(205);
    assert_eq!(w.broker.terminals(w.now())[0].last_seen_ms, WALL_MS + 150_000);
}

#[test]
fn a_command_to_a_gatherer_that_is_not_there_fails_at_once_with_offline() {
    let mut w = World::new();
    w.login(LIVE, TerminalType::Live);
    w.ask(1);
    assert_eq!(w.completed(), [(1, Some(ErrorCode::Offline))]);
    w.send(5, reconnect());
    assert_eq!(w.reply_of(LIVE), (5, Some(ErrorCode::Offline)));
}

#[test]
fn a_reply_goes_to_the_one_that_asked() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    w.login(LIVE, TerminalType::Live);
    w.ask(1);
    w.send(5, reconnect());
    let ids: Vec<u64> = (0..2)
        .map(|_| match w.read(CAMERA) {
            Next::Message(RelayMessage::Command { id, .. }) => id,
            other => panic!("{other:?}"),
        })
        .collect();
    let error = RemoteError::new(ErrorCode::NoChannel, "no such channel");
    w.say(CAMERA, ClientMessage::Reply { id: ids[1], outcome: Outcome::Failed(error) });
    w.say(CAMERA, ClientMessage::Reply { id: ids[0], outcome: Outcome::Done });
    w.say(CAMERA, ClientMessage::Reply { id: ids[0], outcome: Outcome::Done });
    assert_eq!(w.completed(), [(1, None)]);
    assert_eq!(w.reply_of(LIVE), (5, Some(ErrorCode::NoChannel)));
    assert_eq!(w.read(LIVE), Next::Wait);
}

#[test]
fn no_reply_within_5_s_is_a_timeout_and_a_late_reply_is_ignored() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    w.at_s(2);
    w.ask(1);
    w.at_s(6);
    assert_eq!(w.completed(), []);
    w.at_s(7);
    assert_eq!(w.completed(), [(1, Some(ErrorCode::Timeout))]);
    w.say(CAMERA, ClientMessage::Reply { id: 1, outcome: Outcome::Done });
    assert_eq!(w.completed(), []);
}

#[test]
fn the_65th_unread_message_is_busy_and_reading_makes_room() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    (0..=QUEUE_MAX as u64).for_each(|ask| w.ask(ask));
    assert_eq!(w.completed(), [(QUEUE_MAX as u64, Some(ErrorCode::Busy))]);
    assert!(matches!(w.read(CAMERA), Next::Message(RelayMessage::Command { id: 1, .. })));
    w.say(CAMERA, ClientMessage::Reply { id: 1, outcome: Outcome::Done });
    w.ask(100);
    assert_eq!(w.completed(), [(0, None)]);
}

#[test]
fn a_gatherer_that_leaves_fails_its_open_commands_with_offline() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    w.ask(1);
    w.broker.closed(CAMERA);
    let outputs = w.outputs();
    assert!(outputs.contains(&Output::Gatherer(GATHERER)));
    assert!(outputs.iter().any(|o| matches!(o, Output::Complete(1, Err(e)) if e.code == ErrorCode::Offline)));
    assert!(!w.broker.gatherer(GATHERER).unwrap().online);
}

#[test]
fn a_second_login_replaces_the_first_and_stays_when_the_first_is_closed() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    w.login(9, TerminalType::Gatherer);
    w.expect_close(CAMERA, ErrorCode::Replaced);
    w.broker.closed(CAMERA);
    assert!(w.broker.gatherer(GATHERER).unwrap().online);
    w.ask(1);
    assert!(matches!(w.read(9), Next::Message(RelayMessage::Command { .. })));
}

#[test]
fn a_report_is_answered_with_the_version_and_every_wanted_push() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    w.broker.want(GATHERER, push(2));
    w.broker.want(GATHERER, push(1));
    assert_eq!(w.wanted_in_ack(), [2], "an older epoch must not replace a newer one");
    w.broker.unwant(GATHERER, ChannelId(1));
    w.broker.state_changed(w.now(), GATHERER, 8);
    let told = w.read(CAMERA);
    assert!(matches!(
        told,
        Next::Message(RelayMessage::Command { command: Command::StateChanged { version: 8 }, .. })
    ));
    let report = Report { clock_ms: WALL_MS + 5_000, ..Report::default() };
    w.say(CAMERA, ClientMessage::Report(report));
    let ack = RelayMessage::ReportAck { server_time_ms: WALL_MS, state_version: 8, wanted: vec![] };
    assert_eq!(w.read(CAMERA), Next::Message(ack));
    assert_eq!(w.broker.gatherer(GATHERER).unwrap().clock_skew_ms, 5_000);
}

#[test]
fn a_push_asked_for_by_a_remote_live_server_is_wanted_until_it_fails_or_the_server_leaves() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    w.login(LIVE, TerminalType::Live);
    w.send(1, Command::PushStart(push(1)));
    assert_eq!(w.wanted_in_ack(), [1]);
    let error = RemoteError::new(ErrorCode::ChannelDown, "no picture");
    w.say(CAMERA, ClientMessage::Reply { id: 1, outcome: Outcome::Failed(error) });
    assert_eq!(w.wanted_in_ack(), [0u64; 0]);
    w.send(2, Command::PushStart(push(2)));
    w.broker.closed(LIVE);
    assert_eq!(w.wanted_in_ack(), [0u64; 0]);
}

#[test]
fn only_types_1_and_3_send_and_only_gatherers_reply() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    w.say(CAMERA, ClientMessage::Send { id: 4, to: GATHERER, command: reconnect() });
    assert_eq!(w.reply_of(CAMERA), (4, Some(ErrorCode::Forbidden)));
    w.login(LIVE, TerminalType::Player);
    w.say(LIVE, ClientMessage::Reply { id: 1, outcome: Outcome::Done });
    w.expect_close(LIVE, ErrorCode::Forbidden);
}

#[test]
fn a_second_hello_is_a_bad_message() {
    let mut w = World::new();
    w.login(LIVE, TerminalType::Live);
    let hello =
        Hello { versions: vec![1], terminal: TerminalType::Live, grant: String::new(), name: "".into() };
    w.say(LIVE, ClientMessage::Hello(hello));
    w.expect_close(LIVE, ErrorCode::BadMessage);
}

#[test]
fn a_sender_that_never_reads_its_replies_is_sent_away() {
    let mut w = World::new();
    w.login(LIVE, TerminalType::Live);
    (0..=QUEUE_MAX as u64).for_each(|id| w.send(id, reconnect()));
    w.expect_close(LIVE, ErrorCode::Busy);
}

#[test]
fn stopping_sends_everybody_away_and_lets_nobody_in() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    w.ask(1);
    w.broker.stop();
    assert_eq!(w.completed(), [(1, Some(ErrorCode::Stopping))]);
    w.expect_close(CAMERA, ErrorCode::Stopping);
    let who =
        Identity { terminal: TerminalType::Live, gatherer_id: None, name: "l".into(), state_version: 0 };
    w.broker.login(w.now(), 9, who, 1, SocketAddr::from(([10, 0, 0, 1], 1)));
    w.expect_close(9, ErrorCode::Stopping);
}

#[test]
fn a_removed_gatherer_is_sent_away_and_forgotten() {
    let mut w = World::new();
    w.login(CAMERA, TerminalType::Gatherer);
    w.broker.remove_gatherer(GATHERER);
    w.expect_close(CAMERA, ErrorCode::Unauthorized);
    assert_eq!(w.broker.gatherer(GATHERER), None);
}

#[test]
fn the_list_shows_local_parts_and_terminals_with_short_clean_names() {
    let mut w = World::new();
    w.broker.register_local(w.now(), TerminalType::Site, "site", SocketAddr::from(([127, 0, 0, 1], 80)));
    let name = format!("a\u{7}{}", "名".repeat(100));
    let who = Identity { terminal: TerminalType::Player, gatherer_id: None, name, state_version: 0 };
    w.broker.login(w.now(), 1, who, 1, SocketAddr::from(([10, 0, 0, 9], 77)));
    let rows: Vec<_> = w.broker.terminals(w.now()).iter().map(|t| (t.terminal.number(), t.port)).collect();
    assert_eq!(rows, [(1, 80), (4, 77)]);
    assert_eq!(w.broker.terminals(w.now())[1].name.chars().count(), NAME_MAX);
}
