//! The timetable changes while the gatherer is off, and the server dies while the changed plan runs.

use crate::campus::{Campus, database, named};
use model::calendar::Op;
use std::time::Duration;
use testkit::{Options, System, fixture::Clip, now_ms, probe::probe, wait_for};
use yunlubo_tests::{check_slice, download, missing, places};

const LESSON_S: u32 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_gatherer_that_was_off_records_the_changed_plan_also_when_the_server_is_gone() {
    let mut system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
    let clip = Clip { seconds: 90, size: "320x180", ..Clip::default() }.make(system.dir(), "a.mp4");
    let db = database(&system).await;
    let (usual, other) = (named(&db, "原定").await, named(&db, "代课").await);
    let mut campus = Campus::new(&system, &db, 1, "试验学校", &clip).await;
    let room = campus.room("一班").await;
    campus.running(1).await;
    let (today, start_s) = (campus.today(), campus.now_s() + 13);
    // Three neighbours, a break of two seconds, one more.
    let bells = [0, LESSON_S, 2 * LESSON_S, 3 * LESSON_S + 2].map(|s| (start_s + s, start_s + s + LESSON_S));
    let cells = (1..=4).map(|period| room.cell(campus.weekday(), period, usual)).collect();
    campus.publish(&campus.calendar(&bells), cells).await;
    campus.delivered().await;
    assert!(campus.now_s() < start_s && campus.gatherer.planned().contains(&room.key(today, 1, 0)));

    // Off: the first lesson is cancelled, the second has a substitute.
    campus.gatherer.process().kill().await;
    let lesson = |period| room.lesson(today, period, 0);
    campus.change(Op::Cancel { lesson: lesson(1) }).await;
    let (teacher, subject) = (Some(other.1), Some(other.0));
    campus.change(Op::Substitute { lesson: lesson(2), teacher, subject, room: None }).await;
    let until = async |second: u32| {
        let at_ms = campus.at_ms(start_s + second);
        wait_for("the time", Duration::from_secs(60), || async { (now_ms() >= at_ms).then_some(()) }).await;
    };
    // Back in the middle of the lesson that is not held any more.
    until(2).await;
    campus.gatherer.start().await;
    campus.delivered().await;
    wait_for("the substitute's lesson", Duration::from_secs(20), || async {
        let now = campus.gatherer.channel(room.channel.0);
        (now["lesson_key"] == room.key(today, 2, 0)).then_some(())
    })
    .await;
    system.server().kill().await;
    wait_for("the last bell", Duration::from_secs(60), || async {
        (now_ms() >= campus.at_ms(bells[3].1) + 2000).then_some(())
    })
    .await;
    assert!(campus.gatherer.process().alive());
    system.start_server().await;

    let found = campus.recorded().await;
    let titles: Vec<_> =
        found.iter().map(|l| (l.lesson_key.as_str(), (l.subject_id, l.teacher_id))).collect();
    let key = |period| room.key(today, period, 0);
    let keys = [key(2), key(3), key(4)];
    assert_eq!(titles, [(&*keys[0], other), (&*keys[1], usual), (&*keys[2], usual)]);
    let mut probes = Vec::new();
    for (lesson, bell) in found.iter().zip(&bells[1..]) {
        let files = download(&system, &format!("/lesson/{}", lesson.lesson_key)).await;
        assert_eq!(files.len(), 1);
        probes.push(check_slice(&files[0].path, &["h264", "aac"]));
        let (begun_ms, ended_ms) = (campus.at_ms(bell.0), campus.at_ms(bell.1));
        let (late_ms, over_ms) = (lesson.started_at_ms - begun_ms, lesson.ended_at_ms - ended_ms);
        println!("{}: begins {late_ms} ms and ends {over_ms} ms off the plan", lesson.lesson_key);
        assert!((-1600..=600).contains(&late_ms) && over_ms.abs() < 600, "{late_ms} ms, {over_ms} ms");
    }
    let source = probe(&clip);
    let placed = places(&source, &probes);
    assert_eq!(missing(source.frames.len(), &placed[..2]).0, 0, "frames missing between the neighbours");
    // The plan goes on being delivered by the new server.
    campus.change(Op::Cancel { lesson: lesson(3) }).await;
    campus.delivered().await;
    assert!(!campus.gatherer.planned().contains(&key(3)));
}
