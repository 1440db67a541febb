//! Full disks.

use crate::server::{Server, code, limits, movie, object_of, offset, sha256};
use reqwest::StatusCode;
use std::path::Path;
use std::process::Command;
use storage::Limits;

/// A file system of its own, of 8 MiB, until dropped. Only root may mount one.
struct Small<'d>(&'d Path);

impl<'d> Small<'d> {
    fn mount(dir: &'d Path) -> Self {
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(dir).status().unwrap();
        assert!(done.success());
        Self(dir)
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        // Lazy: the server's files may close a moment later.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n")
}

#[tokio::test]
async fn nothing_new_is_taken_below_the_reserve() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), Limits { reserve_percent: 100, ..limits() }).await;
    let refused = server.creation("slice", 100, &sha256(b"")).send().await.unwrap();
    assert_eq!((refused.status(), code(&refused)), (StatusCode::INSUFFICIENT_STORAGE, "full"));
    assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
}

/// As root on a real file system that fills up; anybody else proves the refusal above only.
#[tokio::test]
async fn an_upload_that_meets_a_full_disk_goes_on_when_there_is_room() {
    if !is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let small = Small::mount(dir.path());
    let server = Server::start(dir.path(), limits()).await;
    let bytes = movie(6 << 20);
    let path = server.create("slice", &bytes).await;
    let ballast = dir.path().join("ballast");
    std::fs::write(&ballast, vec![1; 4 << 20]).unwrap();
    let full = server.patch(&path, 0, &bytes).await;
    assert_eq!((full.status(), code(&full)), (StatusCode::INSUFFICIENT_STORAGE, "full"));
    let kept = offset(&server.head(&path).await) as usize;
    assert!(kept > 0 && kept < bytes.len(), "{kept}");
    let other = server.creation("slice", 6 << 20, &sha256(b"")).send().await.unwrap();
    assert_eq!((other.status(), code(&other)), (StatusCode::INSUFFICIENT_STORAGE, "full"));
    std::fs::remove_file(ballast).unwrap();
    object_of(&server.patch(&path, kept, &bytes[kept..]).await, &bytes);
    server.stop().await;
    drop(small);
}
