//! What the test rooms share: recordings of a system, fetched as a viewer fetches them.
#![allow(clippy::unwrap_used, reason = "only tests call this")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::probe::{Probe, probe};
use testkit::site::between;
use testkit::{System, wait_for};

/// The lessons on the site, newest first, by their address `/lesson/<key>`.
pub async fn lessons(system: &System) -> Vec<String> {
    let body = system.admin.get("/").await.body;
    let mut found: Vec<String> = Vec::new();
    let mut rest = body.as_str();
    while let Some(key) = between(rest, "href=\"/lesson/", "\"") {
        let path = format!("/lesson/{key}");
        if !found.contains(&path) {
            found.push(path);
        }
        rest = &rest[rest.find("href=\"/lesson/").unwrap() + 1..];
    }
    found
}

/// Signed addresses of a lesson's files, in order.
pub async fn files(system: &System, lesson: &str) -> Vec<String> {
    let answer = system.admin.get(&format!("{lesson}/files")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let list: Vec<serde_json::Value> = serde_json::from_str(&answer.body).unwrap();
    list.iter().map(|file| file["url"].as_str().unwrap().to_owned()).collect()
}

/// A slice as the site has it.
#[derive(Debug)]
pub struct Slice {
    /// `/lesson/<key>`.
    pub lesson: String,
    /// First frame, Unix ms.
    pub started_at_ms: i64,
    /// Length, ms.
    pub duration_ms: i64,
    /// What it repeats of the one before, ms.
    pub overlap_ms: i64,
    /// Its file, downloaded.
    pub path: PathBuf,
}

/// All slices of a lesson, downloaded into the system's directory as a viewer would.
pub async fn download(system: &System, lesson: &str) -> Vec<Slice> {
    let answer = system.admin.get(&format!("{lesson}/files")).await;
    assert_eq!(answer.status, 200, "{lesson}: {}", answer.body);
    let list: Vec<serde_json::Value> = serde_json::from_str(&answer.body).unwrap();
    let mut found = Vec::new();
    for file in list {
        let number = |key: &str| file[key].as_i64().unwrap();
        let name = format!("{}-{}.mp4", lesson.trim_start_matches("/lesson/"), found.len());
        let path = system.dir().join(name);
        let response = reqwest::get(system.url(file["url"].as_str().unwrap())).await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{file}");
        std::fs::write(&path, response.bytes().await.unwrap()).unwrap();
        let (started_at_ms, duration_ms) = (number("started_at_ms"), number("duration_ms"));
        let (lesson, overlap_ms) = (lesson.to_owned(), number("overlap_ms"));
        found.push(Slice { lesson, started_at_ms, duration_ms, overlap_ms, path });
    }
    found
}

/// Waits until a lesson has at least `count` slices on the site and downloads them.
pub async fn slices(system: &System, count: usize, limit: Duration, into: &Path) -> Vec<PathBuf> {
    let urls = wait_for(&format!("{count} slices on the site"), limit, || async {
        let lesson = lessons(system).await.into_iter().next()?;
        let urls = files(system, &lesson).await;
        (urls.len() >= count).then_some(urls)
    })
    .await;
    let mut paths = Vec::new();
    for (n, url) in urls.iter().enumerate() {
        let path = into.join(format!("slice-{n}.mp4"));
        let response = reqwest::get(system.url(url)).await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{url}");
        std::fs::write(&path, response.bytes().await.unwrap()).unwrap();
        paths.push(path);
    }
    paths
}

/// A slice is what the manual promises: `moov` first, sound and picture ending together, starting at a keyframe.
pub fn check_slice(path: &Path, codecs: &[&str]) -> Probe {
    let found = probe(path);
    assert_eq!(found.codecs, codecs, "{}", path.display());
    assert!(found.faststart, "{}: moov is not in front", path.display());
    assert!(found.keys[0], "{} does not start with a keyframe", path.display());
    assert!(found.dts_s.windows(2).all(|w| w[0] < w[1]), "{}: decoding times do not grow", path.display());
    if let Some((_, audio_end)) = found.audio_s {
        let apart = (found.video_s.1 - audio_end).abs();
        assert!(apart <= 0.1, "{}: picture and sound end {apart:.3} s apart", path.display());
    }
    testkit::probe::decodes(path);
    found
}

/// Where each frame of a recording stands in the looped clip it was made of. Every frame of the clip is different.
pub fn places(clip: &Probe, slices: &[Probe]) -> Vec<Vec<usize>> {
    let index: HashMap<&str, usize> =
        clip.frames.iter().enumerate().map(|(n, hash)| (hash.as_str(), n)).collect();
    assert_eq!(index.len(), clip.frames.len(), "two frames of the clip are equal, they cannot be counted");
    let place = |hash: &String| *index.get(hash.as_str()).expect("a recorded frame is none of the clip's");
    slices.iter().map(|slice| slice.frames.iter().map(place).collect()).collect()
}

/// Counts frames missing inside and between slices of one looped clip of `length` frames; frames that the next slice
/// repeats (overlap) are not missing. Returns (missing, repeated).
pub fn missing(length: usize, slices: &[Vec<usize>]) -> (usize, usize) {
    let (mut missing, mut repeated) = (0, 0);
    let mut last: Option<usize> = None;
    for slice in slices {
        for (n, &frame) in slice.iter().enumerate() {
            if let Some(last) = last {
                let step = (frame + length - last) % length;
                // At the seam the next slice steps back by its overlap: less than half the clip.
                let back = n == 0 && step != 1 && step > length / 2 || n == 0 && step == 0;
                if back {
                    repeated += (length - step) % length + 1;
                } else {
                    missing += step.saturating_sub(1);
                }
            }
            last = Some(frame);
        }
    }
    (missing, repeated)
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn finds_every_hole_and_no_other() {
        assert_eq!(missing(100, &[vec![97, 98, 99, 0, 1]]), (0, 0));
        assert_eq!(missing(100, &[vec![1, 2, 5]]), (2, 0));
        assert_eq!(missing(100, &[vec![1, 2], vec![3, 4]]), (0, 0));
        assert_eq!(missing(100, &[vec![1, 2, 3], vec![2, 3, 4]]), (0, 2));
        assert_eq!(missing(100, &[vec![98, 99, 0], vec![99, 0, 1]]), (0, 2));
        assert_eq!(missing(100, &[vec![1, 2], vec![5, 6]]), (2, 0));
    }
}
