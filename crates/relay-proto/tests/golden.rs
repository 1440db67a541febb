//! The JSON on the wire, letter by letter: a change here is a change of the protocol and needs a new version.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use model::calendar::Span;
use model::gatherer::GathererSettings;
use model::{ChannelId, GathererId, RangeId, SchoolId, SubjectId, TeacherId};
use relay_proto::message::{decode, encode};
use relay_proto::site::DesiredState;
use relay_proto::*;

#[track_caller]
fn check<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(
    message: T,
    json: &str,
) {
    assert_eq!(encode(&message).unwrap(), json);
    assert_eq!(decode::<T>(json).unwrap(), message);
}

#[test]
fn terminals_say_this() {
    check(
        ClientMessage::Hello(Hello {
            versions: vec![1],
            terminal: TerminalType::Gatherer,
            grant: "g".into(),
            name: "三楼".into(),
        }),
        r#"{"kind":"hello","versions":[1],"terminal":2,"grant":"g","name":"三楼"}"#,
    );
    check(
        ClientMessage::Send {
            id: 7,
            to: GathererId(3),
            command: Command::PushStop { channel_id: ChannelId(9) },
        },
        r#"{"kind":"send","id":7,"to":3,"command":{"verb":"push_stop","channel_id":9}}"#,
    );
    check(
        ClientMessage::Reply { id: 7, outcome: Outcome::Done },
        r#"{"kind":"reply","id":7,"outcome":"done"}"#,
    );
    check(ClientMessage::Bye, r#"{"kind":"bye"}"#);
}

#[test]
fn the_relay_says_this() {
    check(
        RelayMessage::Welcome { version: 1, lease_s: 60, report_every_s: 30, server_time_ms: 5 },
        r#"{"kind":"welcome","version":1,"lease_s":60,"report_every_s":30,"server_time_ms":5}"#,
    );
    let push =
        WantedPush { channel_id: ChannelId(1), url: "rtmp://-:1935/live/live1?token=t".into(), epoch: 2 };
    check(
        RelayMessage::Command { id: 1, command: Command::PushStart(push.clone()) },
        r#"{"kind":"command","id":1,"command":{"verb":"push_start","channel_id":1,"url":"rtmp://-:1935/live/live1?token=t","epoch":2}}"#,
    );
    check(
        RelayMessage::ReportAck { server_time_ms: 5, state_version: 4, wanted: vec![] },
        r#"{"kind":"report_ack","server_time_ms":5,"state_version":4,"wanted":[]}"#,
    );
    check(
        RelayMessage::Reply {
            id: 7,
            outcome: Outcome::Failed(RemoteError {
                code: ErrorCode::ChannelDown,
                message: "no".into(),
                cause: Some(ChannelCause::WrongPassword),
            }),
        },
        r#"{"kind":"reply","id":7,"outcome":{"failed":{"code":"channel_down","message":"no","cause":"wrong_password"}}}"#,
    );
}

#[test]
fn a_channel_reports_this() {
    let recording = ChannelReport {
        channel_id: ChannelId(7),
        phase: ChannelPhase::Running,
        cause: None,
        detail: String::new(),
        recording: true,
        lesson_key: Some("c12-20261120-p3-0-v7".into()),
        pushing: false,
        video_codec: "H.264".into(),
        audio_codec: "AAC".into(),
        width: 1920,
        height: 1080,
        receive_kbps: 4000,
        send_kbps: 0,
    };
    check(
        recording,
        r#"{"channel_id":7,"phase":"running","detail":"","recording":true,"lesson_key":"c12-20261120-p3-0-v7","pushing":false,"video_codec":"H.264","audio_codec":"AAC","width":1920,"height":1080,"receive_kbps":4000,"send_kbps":0}"#,
    );
    let older: ChannelReport = decode(r#"{"channel_id":7,"phase":"waiting","cause":"lost"}"#).unwrap();
    assert_eq!((older.cause, older.lesson_key), (Some(ChannelCause::Lost), None));
}

#[test]
fn the_desired_state_is_this() {
    let lesson = Span {
        key: "c12-20261120-p3-0-v7".into(),
        channel_id: ChannelId(7),
        start_at_ms: 1_795_133_400_000,
        end_at_ms: 1_795_136_100_000,
        subject_id: SubjectId(3),
        teacher_id: TeacherId(0),
        range_id: RangeId(0),
    };
    let state = DesiredState {
        version: 5,
        settings: GathererSettings::new("三楼", SchoolId(1)),
        channels: vec![],
        lessons: vec![lesson],
        last_date: jiff::civil::date(2026, 12, 11),
        time_zone: "Asia/Shanghai".into(),
        site_name: "学校".into(),
        relay_host: String::new(),
        relay_port: 0,
        storage_url: String::new(),
    };
    assert_eq!(state.tag(), "\"5-20261211\"");
    check(
        state,
        r#"{"version":5,"settings":{"name":"三楼","school_id":1,"main_rate_kbps":1024,"sub_rate_kbps":512,"slice_min":0,"overlap_keyframes":0,"snapshot_min":2,"reconnect_source":true,"reconnect_storage":true},"channels":[],"lessons":[{"key":"c12-20261120-p3-0-v7","channel_id":7,"start_at_ms":1795133400000,"end_at_ms":1795136100000,"subject_id":3,"teacher_id":0,"range_id":0}],"last_date":"2026-12-11","time_zone":"Asia/Shanghai","site_name":"学校","relay_host":"","relay_port":0,"storage_url":""}"#,
    );
}

#[test]
fn a_report_may_leave_out_what_it_does_not_know() {
    let report: ClientMessage = decode(r#"{"kind":"report"}"#).unwrap();
    assert_eq!(report, ClientMessage::Report(Report::default()));
}

#[test]
fn refuses_what_is_too_large_or_of_no_known_kind() {
    assert!(matches!(decode::<ClientMessage>(&" ".repeat(65_537)), Err(WireError::TooLarge(65_537))));
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"kind":"shell","run":"rm"}"#,
        r#"{"kind":"hello","versions":[1],"terminal":9,"grant":""}"#,
    ] {
        assert!(matches!(decode::<ClientMessage>(bad), Err(WireError::Bad(_))), "{bad}");
    }
}
