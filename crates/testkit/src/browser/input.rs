//! Hands: the mouse, the keyboard and a finger, as the browser gets them from a user.

use super::page::Page;
use serde_json::{Value, json};
use std::path::Path;

/// Steps of a drag: what follows the pointer must follow it through the middle, not jump.
const STEPS: u32 = 8;

/// Keys held down meanwhile (DevTools `Input.dispatchMouseEvent` modifiers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held(pub u8);

impl Held {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Alt.
    pub const ALT: Self = Self(1);
    /// Ctrl.
    pub const CTRL: Self = Self(2);
    /// Shift.
    pub const SHIFT: Self = Self(8);
    /// Ctrl and Shift.
    pub const CTRL_SHIFT: Self = Self(10);
}

/// A point of the window, CSS pixels.
pub type Point = (f64, f64);

impl Page {
    /// The middle of the first element that matches, after scrolling to it.
    pub async fn middle(&self, selector: &str) -> Point {
        self.at(selector, 0.5, 0.5).await
    }

    /// A point inside the first element that matches: 0 = left or top edge, 1 = right or bottom edge.
    pub async fn at(&self, selector: &str, x: f64, y: f64) -> Point {
        self.until(&format!("!!document.querySelector({})", json!(selector))).await;
        let script = format!(
            "(() => {{ const e = document.querySelector({}); \
             e.scrollIntoView({{block: 'center', inline: 'center', behavior: 'instant'}}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width * {x}, r.y + r.height * {y}] }})()",
            json!(selector)
        );
        let at = self.eval(&script).await;
        (at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
    }

    /// The middles of the elements, after scrolling to the first one: all of them must be in the window then.
    pub async fn middles(&self, selectors: &[&str]) -> Vec<Point> {
        for selector in selectors {
            self.until(&format!("!!document.querySelector({})", json!(selector))).await;
        }
        let script = format!(
            "(() => {{ const all = {}.map((s) => document.querySelector(s)); \
             all[0].scrollIntoView({{block: 'center', inline: 'nearest', behavior: 'instant'}}); \
             return all.map((e) => {{ const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }}) }})()",
            json!(selectors)
        );
        let found = self.eval(&script).await;
        let window = self.eval("[innerWidth, innerHeight]").await;
        let point = |at: &Value| (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
        let points: Vec<Point> = found.as_array().unwrap().iter().map(point).collect();
        let (wide, high) = point(&window);
        for (at, selector) in points.iter().zip(selectors) {
            let inside = (0.0..wide).contains(&at.0) && (0.0..high).contains(&at.1);
            assert!(inside, "{selector} is not in the window: {at:?} of {wide}×{high}");
        }
        points
    }

    async fn mouse(&self, kind: &str, at: Point, buttons: u8, clicks: u8, held: Held) {
        let button = if buttons == 0 && kind == "mouseMoved" { "none" } else { "left" };
        let params = json!({"type": kind, "x": at.0, "y": at.1, "button": button, "buttons": buttons,
            "clickCount": clicks, "modifiers": held.0});
        self.call("Input.dispatchMouseEvent", params).await;
    }

    /// Moves the mouse without a button.
    pub async fn hover(&self, at: Point) {
        self.mouse("mouseMoved", at, 0, 0, Held::NONE).await;
    }

    /// A click at a point.
    pub async fn click_at(&self, at: Point, held: Held) {
        self.mouse("mousePressed", at, 1, 1, held).await;
        self.mouse("mouseReleased", at, 0, 1, held).await;
    }

    /// Two clicks at a point.
    pub async fn double_click(&self, selector: &str) {
        let at = self.middle(selector).await;
        for clicks in [1, 2] {
            self.mouse("mousePressed", at, 1, clicks, Held::NONE).await;
            self.mouse("mouseReleased", at, 0, clicks, Held::NONE).await;
        }
    }

    /// Presses at `from` and moves to `to`; the button stays down (look at the page meanwhile, then [`Page::drop_at`]).
    pub async fn drag(&self, from: Point, to: Point, held: Held) {
        self.mouse("mouseMoved", from, 0, 0, held).await;
        self.mouse("mousePressed", from, 1, 1, held).await;
        for step in 1..=STEPS {
            self.mouse("mouseMoved", between(from, to, step), 1, 1, held).await;
        }
    }

    /// Lets go what is dragged.
    pub async fn drop_at(&self, at: Point, held: Held) {
        self.mouse("mouseReleased", at, 0, 1, held).await;
    }

    /// A whole drag with the mouse.
    pub async fn drag_to(&self, from: Point, to: Point, held: Held) {
        self.drag(from, to, held).await;
        self.drop_at(to, held).await;
    }

    /// A key by its DOM name: `Enter`, `ArrowLeft`, `Delete`, `z`, ` `.
    pub async fn key(&self, key: &str, held: Held) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            " " => 32,
            "Delete" => 46,
            "Backspace" => 8,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            "Home" => 36,
            "End" => 35,
            one => u32::from(one.chars().next().unwrap().to_ascii_uppercase()),
        };
        let physical = match key {
            " " => "Space".to_owned(),
            one if one.chars().count() == 1 => format!("Key{}", one.to_ascii_uppercase()),
            named => named.to_owned(),
        };
        let mut down = json!({"type": "keyDown", "key": key, "code": physical, "modifiers": held.0,
            "windowsVirtualKeyCode": code});
        let types = key.chars().count() == 1 && matches!(held, Held::NONE | Held::SHIFT);
        if types || key == "Enter" {
            down["text"] = Value::from(if key == "Enter" { "\r" } else { key });
        }
        self.call("Input.dispatchKeyEvent", down).await;
        let up = json!({"type": "keyUp", "key": key, "code": physical, "modifiers": held.0,
            "windowsVirtualKeyCode": code});
        self.call("Input.dispatchKeyEvent", up).await;
    }

    /// Chooses a file in a file field, as its dialog would.
    pub async fn choose_file(&self, selector: &str, path: &Path) {
        let document = self.call("DOM.getDocument", json!({"depth": 0})).await;
        let of = json!({"nodeId": document["root"]["nodeId"], "selector": selector});
        let field = self.call("DOM.querySelector", of).await;
        let chosen = json!({"files": [path.to_str().unwrap()], "nodeId": field["nodeId"]});
        self.call("DOM.setFileInputFiles", chosen).await;
    }

    async fn touch(&self, kind: &str, points: &[Point]) {
        let points: Vec<Value> = points.iter().map(|(x, y)| json!({"x": x, "y": y})).collect();
        self.call("Input.dispatchTouchEvent", json!({"type": kind, "touchPoints": points})).await;
    }

    /// A tap with a finger.
    pub async fn tap(&self, selector: &str) {
        let at = self.middle(selector).await;
        self.tap_at(at).await;
    }

    /// A tap at a point.
    pub async fn tap_at(&self, at: Point) {
        self.touch("touchStart", &[at]).await;
        self.touch("touchEnd", &[]).await;
    }

    /// Puts a finger down, waits until `ready` is true on the page (a long press was understood), moves it and lifts it.
    pub async fn touch_drag(&self, from: Point, to: Point, ready: &str) {
        self.touch("touchStart", &[from]).await;
        self.until(ready).await;
        for step in 1..=STEPS {
            self.touch("touchMove", &[between(from, to, step)]).await;
        }
        self.touch("touchEnd", &[]).await;
    }

    /// What the accessibility checker axe-core finds of impact `serious` or `critical` by WCAG 2.1 A and AA: a line each.
    pub async fn accessibility_faults(&self) -> Vec<String> {
        const AXE: &str = include_str!("../../vendor/axe/axe.min.js");
        self.eval(&format!("{AXE}; true")).await;
        let found = self
            .eval(
                "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations']})
                .then(r => r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
                .flatMap(v => v.nodes.slice(0, 3).map(n => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`)))",
            )
            .await;
        let lines = found.as_array().expect("axe answers with a list");
        lines.iter().map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn between(from: Point, to: Point, step: u32) -> Point {
    let part = f64::from(step) / f64::from(STEPS);
    (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part)
}
