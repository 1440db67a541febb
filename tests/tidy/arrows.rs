//! Who may import whom, and which room is the door of which foreign crate.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use testkit::process::repository;

/// The arrows of ARCHITECTURE.md. Dev-dependencies are free: a test may use any room.
const ARROWS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("model", &[]),
    ("media", &[]),
    ("rtmp-proto", &[]),
    ("relay-proto", &["model"]),
    ("db", &["model"]),
    ("sheet", &["model"]),
    ("storage", &["model", "base"]),
    ("live", &["rtmp-proto", "media", "base"]),
    ("relay", &["relay-proto", "model", "base"]),
    ("gather", &["relay-proto", "rtmp-proto", "media", "model", "base"]),
    ("web", &["db", "live", "relay", "relay-proto", "sheet", "storage", "media", "model", "base"]),
    (
        "server",
        &["web", "db", "live", "relay", "relay-proto", "rtmp-proto", "storage", "media", "model", "base"],
    ),
    ("testkit", &[]),
    ("yunlubo-bench", &["testkit", "yunlubo-tests", "model"]),
    ("yunlubo-tests", &["testkit", "model"]),
];

/// A foreign crate and the only rooms that may see it.
const DOORS: &[(&str, &[&str])] = &[
    ("sqlx", &["db", "gather"]),
    ("askama", &["web"]),
    ("rml_rtmp", &["rtmp-proto"]),
    ("shiguredo_mp4", &["media"]),
    ("mp4-atom", &["media"]),
    ("ffmpeg-next", &["gather"]),
    ("retina", &["gather"]),
    ("opendal", &["storage"]),
    ("calamine", &["sheet"]),
    ("rust_xlsxwriter", &["sheet"]),
    ("encoding_rs", &["sheet"]),
    ("zip", &["sheet"]),
    ("quick-xml", &["sheet"]),
    ("serde-saphyr", &["sheet"]),
];

/// Within a room: a foreign crate's path and the one file that may write it.
const ONE_FILE: &[(&str, &str, &str)] = &[
    ("gather/src", "sqlx::", "gather/src/record/ledger.rs"),
    ("gather/src", "ffmpeg_next", "gather/src/ffmpeg.rs"),
];

/// Crate → its normal dependencies, from cargo itself.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let all: Value = serde_json::from_slice(&out.stdout).unwrap();
    let names = |package: &Value| {
        package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|d| d["kind"].is_null())
            .map(|d| d["name"].as_str().unwrap().to_owned())
            .collect()
    };
    all["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["name"].as_str().unwrap().to_owned(), names(p)))
        .collect()
}

#[test]
fn no_room_imports_another_without_an_arrow() {
    let found = dependencies();
    let rooms: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    assert_eq!(
        found.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        rooms,
        "rooms of the workspace and of the table"
    );
    for (room, allowed) in ARROWS {
        for dependency in found[*room].iter().filter(|d| rooms.contains(d.as_str())) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{room} → {dependency} is no arrow of this house"
            );
        }
    }
}

#[test]
fn every_foreign_crate_has_one_door() {
    for (room, dependencies) in dependencies() {
        for (foreign, doors) in DOORS {
            let through = !dependencies.contains(*foreign) || doors.contains(&room.as_str());
            assert!(through, "{room} sees {foreign}, whose door is {doors:?}");
        }
    }
}

#[test]
fn a_door_inside_a_room_is_one_file() {
    for (under, path, file) in ONE_FILE {
        for source in crate::files::sources().iter().filter(|s| s.path.starts_with(under) && s.path != *file)
        {
            let line =
                source.text.lines().position(|l| !l.trim_start().starts_with("//") && l.contains(path));
            assert!(
                line.is_none(),
                "{}:{} uses {path}, which belongs to {file}",
                source.path,
                line.unwrap_or(0) + 1
            );
        }
    }
}
