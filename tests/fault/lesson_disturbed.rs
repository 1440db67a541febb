//! What people and cameras do in the middle of a lesson: edits, stops, settings, a plug that is pulled.

use crate::archive::{drained, slices};
use std::path::Path;
use std::time::Duration;
use testkit::{Camera, Options, System, fixture::Clip, now_ms, probe::probe, site::between, wait_for};
use yunlubo_tests::{Slice, check_slice, missing, places};

/// Lengths of the holes between slices of a lesson, by the wall clock, ms.
fn holes_ms(slices: &[&Slice]) -> Vec<i64> {
    slices.windows(2).map(|w| w[1].started_at_ms - (w[0].started_at_ms + w[0].duration_ms)).collect()
}

fn of<'a>(found: &'a [Slice], lesson: &str) -> Vec<&'a Slice> {
    found.iter().filter(|s| s.lesson == lesson).collect()
}

async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// The ranges of a channel on its timetable page.
async fn ranges(system: &System, channel: i64) -> Vec<i64> {
    let page = system.admin.get(&format!("/admin/channels/{channel}/timetable")).await.body;
    let start = format!("/admin/channels/{channel}/timetable/");
    let ids = page.split(&start).filter_map(|r| r.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    let mut ids: Vec<i64> = ids.collect();
    ids.dedup();
    ids
}

/// The form of a range, as it is filled in.
async fn form(system: &System, path: &str) -> Vec<(String, String)> {
    let page = system.admin.get(path).await.body;
    let value = |name: &str| {
        let input = between(&page, &format!("name=\"{name}\""), ">").unwrap_or_default();
        between(input, "value=\"", "\"").unwrap_or_default().to_owned()
    };
    let chosen = |name: &str| {
        let select = between(&page, &format!("name=\"{name}\""), "</select>").unwrap_or_default();
        let option = select.split("<option").find(|o| o.contains("selected")).unwrap_or_default();
        between(option, "value=\"", "\"").unwrap_or_default().to_owned()
    };
    let texts = ["rev", "start", "end"].map(|n| (n.to_owned(), value(n)));
    let choices = ["weekday", "subject_id", "teacher_id"].map(|n| (n.to_owned(), chosen(n)));
    texts.into_iter().chain(choices).collect()
}

async fn save(system: &System, path: &str, fields: &[(String, String)]) {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let answer = system.admin.post(path, &fields).await;
    assert_eq!(answer.status, 303, "{path} {fields:?}: {}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_and_settings_in_mid_lesson_cost_no_frame() {
    let system = System::start(Options::default()).await;
    let clip = Clip { seconds: 120, ..Clip::default() }.make(&system.gather_dir().join("media"), "a.mp4");
    let (edited, stopped) =
        (system.file_channel(&clip, "一班").await, system.file_channel(&clip, "二班").await);
    for channel in [edited, stopped] {
        system.running(channel).await;
        system.plan(channel, Duration::from_secs(3), Duration::from_secs(50)).await;
    }
    system.recording(edited).await;
    system.recording(stopped).await;
    pause(6).await;
    // Another teacher: the same file goes on and carries the new one.
    let id = ranges(&system, edited).await[0];
    let path = format!("/admin/channels/{edited}/timetable/{id}");
    let other = system.teacher("李老师").await.to_string();
    let mut fields = form(&system, &path).await;
    fields.iter_mut().filter(|f| f.0 == "teacher_id").for_each(|f| f.1.clone_from(&other));
    save(&system, &path, &fields).await;
    pause(6).await;
    system.set_gatherer(&[("slice_min", "1"), ("overlap_keyframes", "3")]).await;
    pause(3).await;
    system.set_gatherer(&[("slice_min", "30"), ("overlap_keyframes", "0")]).await;
    // Stopped for a while: only that while is missing.
    let off_ms = now_ms();
    system.admin.post_ok(&format!("/admin/channels/{stopped}/stop"), &[]).await;
    pause(6).await;
    system.admin.post_ok(&format!("/admin/channels/{stopped}/start"), &[]).await;
    let on_ms = now_ms();
    pause(10).await;
    // The lesson is taken off the timetable while it runs.
    let gone_ms = now_ms();
    let mut fields = form(&system, &path).await;
    fields.push(("do".into(), "delete".into()));
    save(&system, &path, &fields).await;
    drained(&system, Duration::from_secs(90)).await;

    let found = slices(&system).await;
    let source = probe(&clip);
    let probes: Vec<_> = found.iter().map(|s| check_slice(&s.path, &["h264", "aac"])).collect();
    let placed = places(&source, &probes);
    for (slice, frames) in found.iter().zip(&placed) {
        println!(
            "{} {} +{} ms, {} frames",
            slice.lesson,
            slice.started_at_ms,
            slice.duration_ms,
            frames.len()
        );
    }
    let lesson = found[0].lesson.clone();
    let first = of(&found, &lesson);
    let holes = missing(source.frames.len(), &placed[..first.len()]);
    assert_eq!(holes.0, 0, "frames of the edited lesson are missing");
    assert_eq!(first.len(), 1, "no file was cut for another teacher");
    let page = system.admin.get(&lesson).await.body;
    assert!(page.contains("李老师"), "the lesson is the new teacher's");
    let end_ms = first[0].started_at_ms + first[0].duration_ms;
    assert!((-500..3000).contains(&(end_ms - gone_ms)), "cancelled, it ends at once: {}", end_ms - gone_ms);
    let second: Vec<_> = found.iter().filter(|s| s.lesson != lesson).collect();
    let hole = holes_ms(&second);
    println!("stopped for {} ms, holes {hole:?}", on_ms - off_ms);
    assert_eq!(hole.len(), 1);
    assert!(hole[0] < on_ms - off_ms + 3500, "stopped {} ms, missing {hole:?} ms", on_ms - off_ms);
}

async fn camera(dir: &Path, clip: &Path, port: u16) -> Camera {
    Camera::start(dir, port, &["--file", clip.to_str().unwrap()]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_is_unplugged_costs_only_its_absence() {
    let system = System::start(Options::default()).await;
    let clip = Clip { seconds: 90, ..Clip::default() }.make(system.dir(), "camera.mp4");
    let mut first = camera(system.dir(), &clip, 0).await;
    let port = first.port();
    let channel = system.pull_channel(&first.url("/file"), "一班").await;
    system.running(channel).await;
    system.plan(channel, Duration::from_secs(3), Duration::from_secs(50)).await;
    system.recording(channel).await;
    pause(12).await;
    first.kill().await;
    let off_ms = now_ms();
    wait_for("the slice to close", Duration::from_secs(15), || async {
        (system.channel_status(channel)["recording"] == false).then_some(())
    })
    .await;
    let _second = camera(system.dir(), &clip, port).await;
    let on_ms = now_ms();
    system.recording(channel).await;
    drained(&system, Duration::from_secs(100)).await;
    let found = slices(&system).await;
    let all: Vec<&Slice> = found.iter().collect();
    let source = probe(&clip);
    let probes: Vec<_> = found.iter().map(|s| probe(&s.path)).collect();
    for (frames, probe) in places(&source, &probes).into_iter().zip(&probes) {
        assert_eq!(missing(source.frames.len(), &[frames]).0, 0, "a hole while the camera was there");
        println!("picture ends {:.3}, sound {:.3}", probe.video_s.1, probe.audio_s.unwrap().1);
    }
    let lost_ms = off_ms - (all[0].started_at_ms + all[0].duration_ms);
    let back_ms = all[1].started_at_ms - on_ms;
    println!("unplugged: {lost_ms} ms before it are lost, recording {back_ms} ms after it was back");
    assert_eq!(all.len(), 2);
    assert!(lost_ms <= 500 && back_ms <= 10_000, "{lost_ms} ms, {back_ms} ms");
}
