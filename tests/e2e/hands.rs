//! What the tests of gestures share: points that do not move between two of them, and that a page is sound.

use serde_json::{Value, json};
use testkit::{Browser, Held, Page, Point, System};

/// A tab of the admin's, this size.
pub async fn tab(system: &System, browser: &Browser, width: u32, height: u32) -> Page {
    let page = browser.page(width, height).await;
    system.sign_in(&page).await;
    page
}

/// The middles of the elements, after scrolling to the first one: all of them must be in the window then.
pub async fn middles(page: &Page, selectors: &[&str]) -> Vec<Point> {
    for selector in selectors {
        page.until(&format!("!!document.querySelector({})", json!(selector))).await;
    }
    let script = format!(
        "(() => {{ const all = {}.map((s) => document.querySelector(s)); \
         all[0].scrollIntoView({{block: 'center', inline: 'nearest', behavior: 'instant'}}); \
         return all.map((e) => {{ const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }}) }})()",
        json!(selectors)
    );
    let found = page.eval(&script).await;
    let window = page.eval("[innerWidth, innerHeight]").await;
    let point = |at: &Value| (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    let points: Vec<Point> = found.as_array().unwrap().iter().map(point).collect();
    let (wide, high) = point(&window);
    for (at, selector) in points.iter().zip(selectors) {
        let inside = (0.0..wide).contains(&at.0) && (0.0..high).contains(&at.1);
        assert!(inside, "{selector} is not in the window: {at:?} of {wide}×{high}");
    }
    points
}

/// Tabs until the focus is where `is` says (a condition on `e`, the focused element).
pub async fn focus_by_tab(page: &Page, is: &str) {
    for _ in 0..120 {
        page.key("Tab", Held::NONE).await;
        if page.eval(&format!("((e) => !!({is}))(document.activeElement)")).await == true {
            let seen = page.eval("document.activeElement.matches(':focus-visible')").await;
            assert_eq!(seen, true, "the focus on {is} is not seen");
            return;
        }
    }
    panic!("the keyboard does not reach {is}");
}

/// Waits until the element stays where it is: a thrown page has come to rest. What is touched before scrolls on.
pub async fn still(page: &Page, selector: &str) {
    let script = format!(
        "new Promise((resolve) => {{ let last = '', quiet = 0; const look = () => {{ \
         const r = document.querySelector({}).getBoundingClientRect(); const now = `${{r.x}} ${{r.y}}`; \
         quiet = now === last ? quiet + 1 : 0; last = now; \
         if (quiet > 12) resolve(true); else requestAnimationFrame(look); }}; look(); }})",
        json!(selector)
    );
    page.eval(&script).await;
}

/// Fits the window and is accessible, as it is now: menus and dialogs open too.
pub async fn sound(page: &Page, state: &str) {
    page.fits().await;
    let faults = page.accessibility_faults().await;
    assert!(faults.is_empty(), "{state} is not accessible:\n{}", faults.join("\n"));
    if let Some(dir) = std::env::var_os("YUNLUBO_SCREENS") {
        page.screenshot(&std::path::Path::new(&dir).join(format!("hands-{state}.png"))).await;
    }
}

/// Nothing went wrong on the page. The browser also writes an error for each answer of 4xx: `expected` names those statuses.
pub fn no_errors(page: &Page, expected: &[&str]) {
    let known = |e: &String| expected.iter().any(|status| e.contains(&format!("status of {status}")));
    let errors: Vec<String> = page.errors().into_iter().filter(|e| !known(e)).collect();
    assert_eq!(errors, Vec::<String>::new());
}
