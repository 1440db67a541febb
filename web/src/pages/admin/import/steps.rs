//! The line of steps above every page of an import.

use super::job::Job;
use crate::pages::admin::desk::Desk;

/// One step.
pub struct Step {
    /// Where it is; empty = not yet.
    pub href: String,
    /// What it is called.
    pub name: &'static str,
    /// `done`, `now` or `next`.
    pub state: &'static str,
}

/// The four steps with the present one marked.
pub fn steps(desk: &Desk, job: &Job, now: usize) -> Vec<Step> {
    let names = [
        ("", "识别", "Recognise"),
        ("names", "名称", "Names"),
        ("review", "核对", "Review"),
        ("done", "发布", "Publish"),
    ];
    let step = |(n, (path, zh, en)): (usize, (&str, &'static str, &'static str))| Step {
        href: if n < now && now < 3 { job.at(path) } else { String::new() },
        name: desk.l.t(zh, en),
        state: match n.cmp(&now) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "next",
        },
    };
    names.into_iter().enumerate().map(step).collect()
}

/// Title and way back of a step.
pub fn framed(desk: Desk, job: &Job, (zh, en): (&str, &str)) -> Desk {
    let back = desk.t("导入导出", "Import and export").to_owned();
    let mut desk = desk.back_to(format!("/admin/import?school={}", job.school), back);
    desk.title = format!("{} · {}", desk.t(zh, en), job.row.file_name);
    desk
}
