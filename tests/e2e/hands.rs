//! What the tests of gestures share: points that do not move between two of them, and that a page is sound.

use serde_json::json;
use testkit::{Browser, Held, Page, System};

/// A tab of the admin's, this size.
pub async fn tab(system: &System, browser: &Browser, width: u32, height: u32) -> Page {
    let page = browser.page(width, height).await;
    system.sign_in(&page).await;
    page
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
