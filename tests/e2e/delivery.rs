//! 已下发 n/m: a change is on a running gatherer in two seconds, on an absent one at its return, and whatever restarts heals.

use crate::campus::{Campus, database, named};
use jiff::ToSpan;
use std::time::{Duration, Instant};
use testkit::{Options, System, fixture::Clip, wait_for};

/// What the issue promises of a gatherer that is on line.
const AT_ONCE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(40);

async fn until(system: &System, campus: &Campus, expected: (u64, u64)) -> Duration {
    let begun = Instant::now();
    wait_for(&format!("已下发 {expected:?}"), PATIENCE, || async {
        (campus.delivery(system).await == expected).then_some(())
    })
    .await;
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_delivered_at_once_or_at_the_return() {
    let mut system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
    let clip = Clip { seconds: 5, size: "320x180", ..Clip::default() }.make(system.dir(), "a.mp4");
    let db = database(&system).await;
    let title = named(&db, "体育").await;
    let mut campus = Campus::new(&system, &db, 1, "试验学校", &clip).await;
    let room = campus.room("一班").await;
    campus.running(1).await;
    let tomorrow = campus.today() + 1.day();
    let hour = |n: u32| (n * 3600, n * 3600 + 2700);
    let cells = (1..=6).map(|period| room.cell(campus.weekday() % 7 + 1, period, title)).collect();
    campus.publish(&campus.calendar(&[8, 9, 10, 11, 13, 14].map(hour)), cells).await;
    until(&system, &campus, (1, 1)).await;
    let key = |period| room.key(tomorrow, period, 0);
    let cancel = async |system: &System, campus: &Campus, period: u8| {
        let lesson = room.lesson(tomorrow, period, 0).to_string();
        campus.order(system, &[("op", "cancel"), ("lesson", &lesson)]).await;
    };

    for period in [1, 2] {
        assert!(campus.gatherer.planned().contains(&key(period)));
        let begun = Instant::now();
        cancel(&system, &campus, period).await;
        until(&system, &campus, (1, 1)).await;
        let took = begun.elapsed();
        assert!(!campus.gatherer.planned().contains(&key(period)), "said to be delivered, and is not");
        println!("delivered {took:?} after the page was sent");
        assert!(took < AT_ONCE, "{took:?}");
    }
    campus.gatherer.process().kill().await;
    cancel(&system, &campus, 3).await;
    until(&system, &campus, (0, 1)).await;
    campus.gatherer.start().await;
    println!("delivered {:?} after its return", until(&system, &campus, (1, 1)).await);
    assert!(!campus.gatherer.planned().contains(&key(3)));

    system.server().kill().await;
    campus.change(model::calendar::Op::Cancel { lesson: room.lesson(tomorrow, 4, 0) }).await;
    system.start_server().await;
    println!("delivered {:?} after the server's return", until(&system, &campus, (1, 1)).await);
    assert!(!campus.gatherer.planned().contains(&key(4)));
    let begun = Instant::now();
    cancel(&system, &campus, 5).await;
    until(&system, &campus, (1, 1)).await;
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    assert!(campus.gatherer.planned().contains(&key(6)), "what was not cancelled stays");
}
