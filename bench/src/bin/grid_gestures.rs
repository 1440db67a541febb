//! The period grid with a large school: from an input event to the next painted frame.
//!
//! ```text
//! cargo run -p yunlubo-bench --bin grid_gestures [TRIES=10]
//! ```
//!
//! Needs `cargo build -p server -p gather` and Chromium; server and gatherer may be debug builds, for everything here
//! happens in the page. 60 classes × 5 days × 8 periods. Each gesture is made with the browser's own mouse, keyboard or
//! finger. Inside the page a listener in front of all others takes `performance.now()` at every input event, and again
//! after the frame that follows it was painted (a message posted from `requestAnimationFrame`): the wait for the frame,
//! up to 17 ms, is in it. What counts of a gesture is its slowest event. Promise (issue 3): ≤ 100 ms.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made should stop")]

use serde_json::Value;
use testkit::timetable::lesson;
use testkit::{Browser, Held, Options, Page, System};
use yunlubo_bench::{quantile, row};

const CLASSES: i64 = 60;
const NO: Held = Held::NONE;
const CTRL: Held = Held::CTRL;

/// Notes of every input event when the next frame was on the screen.
const WATCH: &str = "
window.__g = { worst: 0, open: 0, count: 0, type: '' };
for (const type of ['pointerdown', 'pointermove', 'pointerup', 'keydown', 'click', 'dblclick', 'touchmove', 'input']) {
  window.addEventListener(type, () => {
    const from = performance.now();
    __g.open += 1;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => { __g.open -= 1; __g.count += 1; const ms = performance.now() - from; if (ms > __g.worst) { __g.worst = ms; __g.type = type; } };
      port2.postMessage(0);
    });
  }, { capture: true, passive: true });
}";

/// What a hand does.
#[derive(Clone, Copy)]
enum Hand {
    /// Drags from one element to another.
    Drag(&'static str, &'static str, Held),
    /// Rests a finger on one element and drags to another.
    Finger(&'static str, &'static str),
    /// Keys, one after another.
    Keys(&'static [(&'static str, Held)]),
    Click(&'static str),
    Twice(&'static str),
    Tap(&'static str),
}
use Hand::{Click, Drag, Finger, Keys, Tap, Twice};

/// Name; what comes before and is not measured; what is measured; what puts everything back.
type Gesture = (&'static str, &'static [Hand], Hand, &'static [Hand]);

const UNDO: Hand = Keys(&[("z", CTRL)]);
const BLOCK: Hand = Drag("[data-cell='1-5-1']", "[data-cell='1-3-3']", NO);
const CARD: &str = "#grid-palette [data-act=card]";

/// One class, 40 cells; Friday is free.
const CLASS: &[Gesture] = &[
    ("card → cell", &[], Drag(CARD, "[data-cell='1-5-1']", NO), &[UNDO]),
    ("move", &[], Drag("[data-cell='1-1-1']", "[data-cell='1-5-2']", NO), &[UNDO]),
    ("Alt copy", &[], Drag("[data-cell='1-1-1']", "[data-cell='1-5-2']", Held::ALT), &[UNDO]),
    (
        "drop on occupied: the offer",
        &[],
        Drag("[data-cell='1-1-1']", "[data-cell='1-2-2']", NO),
        &[Keys(&[("Escape", NO)])],
    ),
    ("marquee of 9", &[], BLOCK, &[]),
    ("Ctrl+C", &[BLOCK], Keys(&[("c", CTRL)]), &[]),
    ("Ctrl+V of 6", &[Click("[data-cell='1-5-5']")], Keys(&[("v", CTRL)]), &[Keys(&[("Escape", NO)])]),
    ("Delete of 6", &[BLOCK], Keys(&[("Delete", NO)]), &[UNDO]),
    ("Ctrl+X of 6", &[BLOCK], Keys(&[("x", CTRL)]), &[UNDO]),
    ("undo", &[BLOCK, Keys(&[("Delete", NO)])], UNDO, &[]),
    ("redo", &[BLOCK, Keys(&[("Delete", NO)]), UNDO], Keys(&[("y", CTRL)]), &[UNDO]),
    ("arrow", &[Click("[data-cell='1-1-1']")], Keys(&[("ArrowDown", NO)]), &[]),
    (
        "pick up, carry, put down by keys",
        &[Click("[data-cell='1-4-1']")],
        Keys(&[(" ", NO), ("ArrowRight", NO), (" ", NO)]),
        &[UNDO],
    ),
    ("record a cell", &[], Click("[data-cell='1-1-1'] .g-dot"), &[UNDO]),
    ("record a column", &[], Click("th[data-day='1'] [data-act=record-line]"), &[UNDO]),
    ("record a row", &[], Click("tbody tr:first-child [data-act=record-line]"), &[UNDO]),
    ("record a class", &[], Click("[data-act=record-class]"), &[UNDO]),
    ("dialog of a cell", &[], Twice("[data-cell='1-1-1']"), &[Keys(&[("Escape", NO)])]),
    (
        "view of a teacher",
        &[],
        Click("[data-act=view][data-kind=teacher]"),
        &[Click("[data-act=view][data-kind=class]")],
    ),
    (
        "view of a room",
        &[],
        Click("[data-act=view][data-kind=room]"),
        &[Click("[data-act=view][data-kind=class]")],
    ),
    (
        "view of a channel",
        &[],
        Click("[data-act=view][data-kind=channel]"),
        &[Click("[data-act=view][data-kind=class]")],
    ),
    (
        "view of all classes",
        &[],
        Click("[data-act=view][data-kind=all]"),
        &[Click("[data-act=view][data-kind=class]")],
    ),
];

/// 总课表, 2,400 cells.
const ALL: &[Gesture] = &[
    ("move", &[], Drag("[data-cell='7-1-1']", "[data-cell='6-1-2']", NO), &[UNDO]),
    ("Alt copy", &[], Drag("[data-cell='7-1-1']", "[data-cell='6-1-2']", Held::ALT), &[UNDO]),
    ("marquee of 80", &[], Drag("[data-cell='6-1-1']", "[data-cell='15-1-8']", NO), &[]),
    (
        "Delete of 72",
        &[Drag("[data-cell='6-1-1']", "[data-cell='15-1-8']", NO)],
        Keys(&[("Delete", NO)]),
        &[UNDO],
    ),
    (
        "undo of 72",
        &[Drag("[data-cell='6-1-1']", "[data-cell='15-1-8']", NO), Keys(&[("Delete", NO)])],
        UNDO,
        &[],
    ),
    ("arrow", &[Click("[data-cell='1-1-1']")], Keys(&[("ArrowDown", NO)]), &[]),
    ("record a class", &[], Click("tbody tr:nth-child(2) [data-act=record-line]"), &[UNDO]),
    ("dialog of a cell", &[], Twice("[data-cell='1-1-1']"), &[Keys(&[("Escape", NO)])]),
    (
        "view of a class",
        &[],
        Click("[data-act=view][data-kind=class]"),
        &[Click("[data-act=view][data-kind=all]")],
    ),
];

/// At 390 px.
const PHONE: &[Gesture] = &[
    ("tap", &[], Tap("[data-cell='1-1-1']"), &[Tap("#grid-bar [data-act=close]")]),
    (
        "held finger: copy",
        &[],
        Finger("[data-cell='1-4-1']", "[data-cell='1-5-2']"),
        &[Tap("#grid-bar [data-act=undo]")],
    ),
    ("card → cell", &[], Finger(CARD, "[data-cell='1-5-1']"), &[Tap("#grid-bar [data-act=undo]")]),
    ("tap a card, tap a cell", &[Tap(CARD)], Tap("[data-cell='1-5-3']"), &[Tap("#grid-bar [data-act=undo]")]),
];

#[tokio::main]
async fn main() {
    let tries = std::env::args().nth(1).map_or(10usize, |n| n.parse().unwrap());
    let mut system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
    system.enrol().await;
    system.start_gatherer().await;
    seed(&system).await;
    let browser = Browser::start().await;
    println!("| view | gesture | tries | median ms | worst ms | slowest event |\n|---|---|---|---|---|---|");
    for (name, kind, width, gestures) in [
        ("a class", "class", 1440, CLASS),
        ("all classes", "all", 1440, ALL),
        ("a class, 390 px", "class", 390, PHONE),
    ] {
        let page = browser.page(width, if width < 600 { 844 } else { 1300 }).await;
        system.sign_in(&page).await;
        page.go(&system.url(&format!("/admin/timetable?school=1&view={kind}&id=1"))).await;
        page.until("document.querySelector('#grid')?.dataset.ready === '1'").await;
        page.eval(WATCH).await;
        for gesture in gestures {
            measure(&page, name, gesture, tries).await;
        }
        page.close().await;
    }
}

/// Every class has a lesson in every period; class 1 has Friday free, class 6 Monday. No teacher is wanted twice.
async fn seed(system: &System) {
    system.school(CLASSES as usize, 64).await;
    let source = [("mode", "pull"), ("url", "rtsp://127.0.0.1:9/nothing"), ("transport", "tcp")];
    system.channel(&[&source[..], &[("class_name", "一号机"), ("room_id", "1")]].concat()).await;
    let mut cells = Vec::new();
    for (class, slot) in (1..=CLASSES).flat_map(|class| (0..40).map(move |slot| (class, slot))) {
        let (day, period) = (slot / 8 + 1, slot % 8 + 1);
        if (class, day) != (1, 5) && (class, day) != (6, 1) {
            cells.push(lesson(class, day, period, (class + slot) % 11 + 1, (class + slot * 7) % 64 + 1));
        }
    }
    system.publish(0, &cells).await;
}

async fn measure(page: &Page, view: &str, gesture: &Gesture, tries: usize) {
    let (name, before, hand, after) = gesture;
    let mut times = Vec::new();
    for _ in 0..tries {
        for hand in *before {
            make(page, *hand).await;
        }
        page.until("__g.open === 0").await;
        page.eval("__g.worst = 0; __g.count = 0").await;
        make(page, *hand).await;
        page.until("__g.open === 0 && __g.count > 0").await;
        let found = page.eval("[__g.worst, __g.type]").await;
        times.push((found[0].as_f64().unwrap(), found[1].as_str().unwrap().to_owned()));
        for hand in *after {
            make(page, *hand).await;
        }
        page.until("__g.open === 0 && !document.querySelector('dialog')").await;
    }
    let (worst, event) = times.iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    let all: Vec<f64> = times.iter().map(|(ms, _)| *ms).collect();
    row(&[
        view.to_owned(),
        (*name).to_owned(),
        tries.to_string(),
        format!("{:.0}", quantile(&all, 0.5)),
        format!("{worst:.0}"),
        event.clone(),
    ]);
}

async fn make(page: &Page, hand: Hand) {
    match hand {
        Drag(from, to, held) => {
            let at = page.middles(&[from, to]).await;
            page.drag_to(at[0], at[1], held).await;
        }
        Finger(from, to) => {
            let at = page.middles(&[from, to]).await;
            page.touch_drag(at[0], at[1], "!!document.querySelector('.g-ghost')").await;
        }
        Keys(keys) => {
            for (key, held) in keys {
                page.key(key, *held).await;
            }
        }
        Click(selector) => {
            let at = page.middles(&[selector]).await[0];
            page.click_at(at, NO).await;
        }
        Twice(selector) => page.double_click(selector).await,
        Tap(selector) => {
            page.tap(selector).await;
            // Two taps at one place in quick succession would be a double tap.
            page.until("__g.open === 0").await;
        }
    }
    let settled: Value = page.eval("new Promise((r) => requestAnimationFrame(() => r(true)))").await;
    assert_eq!(settled, true);
}
