//! Sizes, names, unfinished work, pictures, licences.

use std::path::Path;
use std::process::Command;
use testkit::process::repository;

/// Longest file of Rust, tests included.
const FILE_LINES_MAX: usize = 600;
/// Longest code part of a file, up to its test module.
const CODE_LINES_MAX: usize = 500;
/// Largest picture in the repository, bytes.
const PICTURE_MAX_BYTES: u64 = 200 * 1024;

/// Names that say nothing about what is inside.
const FORBIDDEN_NAMES: &[&str] =
    &["utils", "util", "common", "helper", "helpers", "misc", "types", "manager"];

/// A file of ours, its path as git has it.
pub struct Source {
    pub path: String,
    pub text: String,
}

fn listed() -> Vec<String> {
    let out = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(out.status.success(), "the tidy tests ask git which files there are");
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().map(str::to_owned).filter(|p| repository().join(p).is_file()).collect()
}

/// All Rust of the repository.
pub fn sources() -> Vec<Source> {
    let read =
        |path: String| Source { text: std::fs::read_to_string(repository().join(&path)).unwrap(), path };
    listed().into_iter().filter(|p| p.ends_with(".rs")).map(read).collect()
}

#[test]
fn files_are_short() {
    for source in sources() {
        let lines = source.text.lines().count();
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines; split it by purpose", source.path);
        let code = source.text.lines().take_while(|l| *l != "#[cfg(test)]").count();
        assert!(
            code <= CODE_LINES_MAX,
            "{} has {code} lines before its tests; split it by purpose",
            source.path
        );
    }
}

#[test]
fn names_say_what_is_inside() {
    for path in listed().iter().filter(|p| !p.contains("/vendor/")) {
        for part in path.split('/') {
            let stem = part.split('.').next().unwrap_or(part);
            assert!(!FORBIDDEN_NAMES.contains(&stem), "{path}: `{stem}` says nothing about what is inside");
        }
    }
}

#[test]
fn nothing_is_left_unfinished() {
    // Written in two halves so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("#[ig", "nore"),
    ];
    for source in sources() {
        for (number, line) in source.text.lines().enumerate() {
            let mark = marks.iter().find(|m| line.contains(**m));
            assert!(mark.is_none(), "{}:{}: {}", source.path, number + 1, line.trim());
        }
    }
}

#[test]
fn the_repository_names_no_machine() {
    let text = |p: &String| std::fs::read_to_string(repository().join(p)).ok();
    for path in listed().iter().filter(|p| !p.contains("/vendor/") && !p.ends_with("Cargo.lock")) {
        let Some(text) = text(path) else { continue };
        for place in [concat!("/wo", "rk/"), concat!("/ro", "ot/.")] {
            assert!(!text.contains(place), "{path} names a path of one machine: {place}");
        }
    }
}

#[test]
fn pictures_are_small() {
    for path in listed().iter().filter(|p| [".png", ".webp", ".jpg", ".gif"].iter().any(|e| p.ends_with(e))) {
        let bytes = std::fs::metadata(repository().join(path)).unwrap().len();
        assert!(bytes <= PICTURE_MAX_BYTES, "{path} has {bytes} bytes");
    }
}

#[test]
fn what_others_wrote_carries_its_licence() {
    let vendor = repository().join("static/vendor");
    for entry in std::fs::read_dir(&vendor).unwrap().flatten().filter(|e| e.path().is_dir()) {
        let licensed = std::fs::read_dir(entry.path()).unwrap().flatten().any(|f| is_licence(&f.path()));
        assert!(licensed, "{} has no licence file", entry.path().display());
    }
}

fn is_licence(path: &Path) -> bool {
    path.file_name().is_some_and(|n| n.to_string_lossy().to_ascii_uppercase().starts_with("LICEN"))
}

#[test]
fn the_architecture_fits_on_three_screens() {
    let text = std::fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    assert!(text.lines().count() <= 150);
}
