use super::*;

const START: i64 = 1_000_000_000;
const LONG: i64 = 45 * 60_000;
const END: i64 = START + LONG;
const KEY: &str = "c1-20261120-p3-0-v7";

fn plan() -> Plan {
    Plan { start_at_ms: START, end_at_ms: END, expected_ms: LONG }
}

fn view(online: bool, channel: &str) -> GathererView {
    let channels = serde_json::from_str(&format!("[{channel}]")).unwrap();
    let report = Some(Report { state_version: 4, channels, disk_free_bytes: 1 << 40, ..Report::default() });
    GathererView { online, report, ..GathererView::default() }
}

fn running(more: &str) -> String {
    format!(r#"{{"channel_id":7,"phase":"running"{more}}}"#)
}

struct Case {
    enabled: bool,
    view: GathererView,
    version: i64,
    recorded_ms: Option<i64>,
}

impl Case {
    fn of(view: GathererView) -> Self {
        Self { enabled: true, view, version: 4, recorded_ms: None }
    }

    fn at(&self, now_ms: i64) -> State {
        let known = Known {
            channel: ChannelId(7),
            key: KEY,
            enabled: self.enabled,
            view: Some(&self.view),
            version: self.version,
            recorded_ms: self.recorded_ms,
        };
        state_of(&plan(), &known, now_ms)
    }

    #[track_caller]
    fn check(&self, now_ms: i64, word: &str, tone: Tone, cause: &str) {
        let state = self.at(now_ms);
        assert_eq!((state.word.zh.as_str(), state.tone), (word, tone));
        assert!(state.cause.zh.contains(cause), "{}", state.cause.zh);
        let silent = matches!(state.tone, Tone::Idle | Tone::Done | Tone::Live | Tone::Soon);
        assert_eq!(state.cause.zh.is_empty(), silent, "a word that worries says why: {}", state.cause.zh);
        assert_eq!(state.cause.zh.is_empty(), state.cause.en.is_empty());
    }
}

#[test]
fn a_lesson_goes_from_planned_to_recorded() {
    let idle = Case::of(view(true, &running("")));
    idle.check(START - SOON_MS - 1, "待录", Tone::Idle, "");
    idle.check(START - SOON_MS, "即将开始", Tone::Soon, "");
    idle.check(START, "正在开始", Tone::Soon, "");
    let mut busy = Case::of(view(true, &running(&format!(r#","recording":true,"lesson_key":"{KEY}""#))));
    busy.check(START + 1, "录像中", Tone::Live, "");
    busy.check(END - 1, "录像中", Tone::Live, "");
    busy.check(END, "收尾中", Tone::Soon, "");
    busy.recorded_ms = Some(LONG - SLACK_MS);
    busy.check(END, "已录", Tone::Done, "");
}

#[test]
fn a_camera_that_records_another_lesson_does_not_record_this_one() {
    let other = Case::of(view(true, &running(r#","recording":true,"lesson_key":"c9-20261120-p3-0-v7""#)));
    other.check(START + BEGIN_MS, "未录像", Tone::Bad, "采集端却没有录这节课");
    let silent = Case::of(view(true, &running(r#","recording":true"#)));
    silent.check(START + BEGIN_MS, "录像中", Tone::Live, "");
}

#[test]
fn what_stands_in_the_way_is_said_before_the_bell_and_is_red_after_it() {
    let mut stopped = Case::of(view(true, &running("")));
    stopped.enabled = false;
    stopped.check(START - 1, "未就绪", Tone::Warn, "通道已被停止");
    stopped.check(START, "未录像", Tone::Bad, "通道已被停止");

    let gone = Case::of(view(false, &running(r#","recording":true"#)));
    gone.check(START - 1, "未就绪", Tone::Warn, "采集端离线");
    gone.check(START, "离线", Tone::Bad, "采集端离线");

    let password = Case::of(view(true, r#"{"channel_id":7,"phase":"waiting","cause":"wrong_password"}"#));
    password.check(START, "未录像", Tone::Bad, "用户名或密码错误。请修改通道设置");
    let failed = Case::of(view(true, r#"{"channel_id":7,"phase":"failed","cause":"file_missing"}"#));
    failed.check(START, "未录像", Tone::Bad, "请修改通道设置");
    let lost = Case::of(view(true, r#"{"channel_id":7,"phase":"waiting","cause":"lost","recording":true}"#));
    lost.check(START + LONG / 2, "断续", Tone::Warn, "中断");

    let mut behind = Case::of(view(true, &running("")));
    behind.version = 5;
    behind.check(START - 1, "未就绪", Tone::Warn, "没有下发");

    let mut full = Case::of(view(true, &running("")));
    full.view.report.as_mut().unwrap().disk_free_bytes = 1;
    full.check(START + BEGIN_MS, "未录像", Tone::Bad, "磁盘");
}

#[test]
fn a_clock_that_is_off_is_said_before_and_during_the_lesson() {
    let mut case = Case::of(view(true, &running(r#","recording":true"#)));
    case.view.clock_skew_ms = -CLOCK_OFF_MS;
    case.check(START + BEGIN_MS, "录像中", Tone::Live, "");
    case.view.clock_skew_ms = -65_000;
    case.check(START - 1, "未就绪", Tone::Warn, "慢了 1:05");
    case.check(START + BEGIN_MS, "时钟不准", Tone::Warn, "校准时间");
    case.view.clock_skew_ms = 65_000;
    case.check(START + BEGIN_MS, "时钟不准", Tone::Warn, "快了 1:05");
    case.view.online = false;
    case.check(START + BEGIN_MS, "离线", Tone::Bad, "采集端离线");
}

#[test]
fn a_camera_without_a_picture_is_named_before_a_plan_on_its_way() {
    let mut case = Case::of(view(true, r#"{"channel_id":7,"phase":"waiting","cause":"wrong_password"}"#));
    case.version = 5;
    case.check(START + BEGIN_MS, "未录像", Tone::Bad, "用户名或密码错误");
    let mut case = Case::of(view(true, r#"{"channel_id":7,"phase":"connecting"}"#));
    case.version = 5;
    case.check(START + BEGIN_MS, "未录像", Tone::Bad, "没有下发");
}

#[test]
fn connecting_is_excused_only_at_the_bell() {
    let connecting = Case::of(view(true, r#"{"channel_id":7,"phase":"connecting"}"#));
    connecting.check(START, "正在开始", Tone::Soon, "");
    connecting.check(START + BEGIN_MS, "未录像", Tone::Bad, "正在连接摄像头");
}

#[test]
fn after_the_bell_a_lesson_is_here_is_coming_or_is_missing() {
    let mut case = Case::of(view(true, &running("")));
    case.check(END, "收尾中", Tone::Soon, "");
    case.check(END + SETTLE_MS, "缺", Tone::Bad, "没有录像");
    case.view.report.as_mut().unwrap().upload_waiting = 2;
    case.check(END + SETTLE_MS, "等待上传", Tone::Warn, "没有传完");
    case.recorded_ms = Some(30 * 60_000);
    case.check(END + SETTLE_MS, "上传中", Tone::Warn, "已到 30:00，共 45:00");
    case.view.report.as_mut().unwrap().upload_waiting = 0;
    case.check(END + SETTLE_MS, "部分", Tone::Warn, "录到 30:00，应录 45:00");
    let gone = Case::of(view(false, ""));
    let mut half = Case::of(view(false, ""));
    half.recorded_ms = Some(30 * 60_000);
    half.check(END + SETTLE_MS, "部分已到", Tone::Warn, "其余等它恢复连接");
    half.check(END + HOPE_MS, "部分", Tone::Warn, "应录 45:00");
    gone.check(END, "等待上传", Tone::Warn, "恢复连接后自动上传");
    gone.check(END + HOPE_MS, "缺", Tone::Bad, "没有录像");
}

#[test]
fn a_lesson_without_a_camera_is_no_secret() {
    let cause = || Text::new("教室301没有摄像头", "no camera");
    assert_eq!(State::unable(&plan(), START - 1, cause()).tone, Tone::Warn);
    assert_eq!(State::unable(&plan(), START, cause()).count, Count::Missing);
}

#[test]
fn one_camera_of_two_makes_a_lesson_amber() {
    let good = Case::of(view(true, &running(r#","recording":true"#))).at(START + BEGIN_MS);
    let bad = Case::of(view(false, "")).at(START + BEGIN_MS);
    let both = together(vec![good.clone(), bad.clone()]).unwrap();
    assert_eq!((both.tone, both.word.zh.as_str()), (Tone::Warn, "缺机位"));
    assert_eq!(both.count, Count::Recording, "it runs: it is not on the site yet");
    assert_eq!(both.cause, bad.cause);
    assert_eq!(together(vec![bad.clone(), bad.clone()]).unwrap().tone, Tone::Bad);
    assert_eq!(together(vec![good.clone(), good.clone()]).unwrap(), good);
    assert_eq!(together(Vec::new()), None);
}
