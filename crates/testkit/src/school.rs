//! What an admin does by hand, done through the same forms: channels, time ranges, settings of the gatherer.

use crate::browser::Page;
use crate::site::between;
use crate::system::{ADMIN, System};
use crate::wait::{now_ms, wait_for};
use serde_json::Value;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// How long a source may take to run, a recording to begin.
const PATIENCE: Duration = Duration::from_secs(40);

/// Seconds since midnight in the zone of [`noon_zone`] and the weekday there, 0 = Sunday.
fn school_now() -> (u64, u64) {
    let local_s = (now_ms() / 1000 + i64::from(noon_offset()) * 3600) as u64;
    // 1 January 1970 was a Thursday.
    (local_s % 86_400, (local_s / 86_400 + 4) % 7)
}

/// Hours to add to UTC so that it is about noon: -11..=12. Found once: a test that runs over a full hour keeps its zone.
fn noon_offset() -> i32 {
    static OFFSET: OnceLock<i32> = OnceLock::new();
    *OFFSET.get_or_init(|| 12 - (now_ms() / 3_600_000 % 24) as i32)
}

/// The school's time zone: one in which it is about noon now, so that no test's lesson crosses midnight.
pub fn noon_zone() -> String {
    // The sign of these names is the wrong way round (POSIX): Etc/GMT-8 is eight hours ahead of Greenwich.
    match noon_offset() {
        0 => "Etc/UTC".to_owned(),
        ahead @ 1.. => format!("Etc/GMT-{ahead}"),
        behind => format!("Etc/GMT+{}", -behind),
    }
}

fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

impl System {
    /// Adds a channel in file mode and starts it; its id.
    pub async fn file_channel(&self, path: &Path, class: &str) -> i64 {
        let path = path.to_str().unwrap();
        self.channel(&[("mode", "file"), ("path", path), ("class_name", class)]).await
    }

    /// Adds a channel in pull mode without a password and starts it; its id.
    pub async fn pull_channel(&self, url: &str, class: &str) -> i64 {
        self.channel(&[("mode", "pull"), ("url", url), ("transport", "tcp"), ("class_name", class)]).await
    }

    /// Adds a channel with these fields of the form, started; its id.
    pub async fn channel(&self, fields: &[(&str, &str)]) -> i64 {
        let before = self.channel_ids().await;
        let mut all = vec![("gatherer_id", "1"), ("grade_id", "1"), ("enabled", "1")];
        all.extend_from_slice(fields);
        let answer = self.admin.post("/admin/channels/new", &all).await;
        assert_eq!(answer.status, 303, "{fields:?}: {}", answer.body);
        let added = self.channel_ids().await.into_iter().find(|id| !before.contains(id));
        added.expect("the new channel is in the list")
    }

    async fn channel_ids(&self) -> Vec<i64> {
        let mut ids = Vec::new();
        for page in 1..100 {
            let body = self.admin.get(&format!("/admin/channels?page={page}")).await.body;
            let found: Vec<i64> = body
                .split("/admin/channels/")
                .filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
                .filter(|id| !ids.contains(id))
                .collect();
            if found.is_empty() {
                break;
            }
            ids.extend(found);
            ids.dedup();
        }
        ids
    }

    /// Waits until a channel's source runs.
    pub async fn running(&self, channel: i64) {
        self.status_is(channel, "running", |s| s["phase"] == "running").await;
    }

    /// Waits until a channel is being recorded.
    pub async fn recording(&self, channel: i64) {
        self.status_is(channel, "recording", |s| s["recording"] == true).await;
    }

    /// Waits until a channel is being pushed.
    pub async fn pushed(&self, channel: i64) {
        self.status_is(channel, "pushed", |s| s["pushing"] == true).await;
    }

    /// Waits until a channel is not being pushed; how long that took.
    pub async fn not_pushed(&self, channel: i64, limit: Duration) -> Duration {
        let started = std::time::Instant::now();
        wait_for("the push to stop", limit, || async {
            (self.channel_status(channel)["pushing"] == false).then_some(())
        })
        .await;
        started.elapsed()
    }

    async fn status_is(&self, channel: i64, what: &str, is: impl Fn(&Value) -> bool) {
        let mut last = Value::Null;
        let started = std::time::Instant::now();
        while !is(&last) {
            assert!(started.elapsed() < PATIENCE, "channel {channel} is not {what}: {last}\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(50)).await;
            last = self.channel_status(channel);
        }
    }

    /// Changes some of the gatherer's settings, the others stay at their defaults.
    pub async fn set_gatherer(&self, changed: &[(&str, &str)]) {
        let mut fields = vec![
            ("name", "三楼采集端"),
            ("school_id", "1"),
            ("main_rate_kbps", "1024"),
            ("sub_rate_kbps", "512"),
            ("slice_min", "0"),
            ("overlap_keyframes", "0"),
            ("snapshot_min", "2"),
            ("reconnect_source", "1"),
            ("reconnect_storage", "1"),
        ];
        for (name, value) in changed {
            fields.retain(|(other, _)| other != name);
            fields.push((name, value));
        }
        let answer = self.admin.post("/admin/gatherers/1", &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
    }

    /// Adds a teacher and gives its id.
    pub async fn teacher(&self, name: &str) -> i64 {
        let answer = self
            .admin
            .post("/admin/teachers/new", &[("name", name), ("sex", "1"), ("title", "1"), ("about", "")])
            .await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let body = self.admin.get("/admin/teachers").await.body;
        let ids = body
            .split("/admin/teachers/")
            .filter_map(|r| r.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
        ids.max().expect("the new teacher is in the list")
    }

    /// Plans a lesson that starts in `after` and lasts `length`, taught by a new teacher, under 语文. Gives the second of
    /// the day at which it ends.
    pub async fn plan(&self, channel: i64, after: Duration, length: Duration) -> u64 {
        let start = school_now().0 + after.as_secs();
        self.plan_at(channel, start, start + length.as_secs()).await;
        start + length.as_secs()
    }

    /// As [`System::plan`], from and to these seconds of the school's day.
    pub async fn plan_at(&self, channel: i64, start: u64, end: u64) {
        let teacher = self.teacher("王老师").await.to_string();
        let weekday = school_now().1;
        let page = format!("/admin/channels/{channel}/timetable/new");
        let form = self.admin.get(&page).await.body;
        let rev = between(&form, "name=\"rev\" value=\"", "\"").unwrap_or_default().to_owned();
        let fields = [
            ("weekday", weekday.to_string()),
            ("start", clock(start)),
            ("end", clock(end)),
            ("subject_id", "1".to_owned()),
            ("teacher_id", teacher),
            ("rev", rev),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let answer = self.admin.post(&page, &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
    }

    /// Today in the school, 0 = Sunday.
    pub fn weekday(&self) -> u64 {
        school_now().1
    }

    /// Plans a lesson that is under way already.
    pub async fn record_now(&self, channel: i64, length: Duration) {
        self.plan(channel, Duration::ZERO, length).await;
    }

    /// Gives a browser tab the admin's session.
    pub async fn sign_in(&self, page: &Page) {
        page.set_cookies(&self.url("/"), &self.admin.cookies()).await;
    }

    /// Signs in as a user does: the login page, name, password, Enter.
    pub async fn log_in(&self, page: &Page) {
        page.go(&self.url("/login")).await;
        page.fill("input[name=name]", ADMIN.0).await;
        page.fill("input[name=password]", ADMIN.1).await;
        page.follow("form button[type=submit]").await;
    }

    /// What the player would be told of a channel.
    pub async fn play(&self, channel: i64) -> Value {
        let answer = self.admin.get(&format!("/api/play/{channel}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }
}
