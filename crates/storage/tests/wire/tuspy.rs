//! An independent client: tuspy, the tus project's own for Python.

use crate::server::{LATER_MS, Server, header, limits, movie, object_of, sha256};
use std::path::PathBuf;
use tokio::process::Command;

/// Uploads `argv[3]` to `argv[1]` up to byte `argv[5]`, resuming `argv[6]` where given; prints the upload's address.
const SCRIPT: &str = r#"
import sys
from tusclient.client import TusClient
base, grant, path, digest, stop, url = sys.argv[1:7]
client = TusClient(base, headers={"Authorization": "Bearer " + grant})
uploader = client.uploader(path, chunk_size=1 << 20, url=url or None,
                           metadata={"kind": "slice", "sha256": digest})
if url and uploader.offset == 0:
    sys.exit("did not resume")
uploader.upload(stop_at=int(stop))
print(uploader.url)
"#;

/// `YUNLUBO_TUSPY_PYTHON`, or where `./test.sh` installs it.
fn python() -> PathBuf {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/test-tools/env/bin/python");
    let python = std::env::var_os("YUNLUBO_TUSPY_PYTHON").map_or_else(|| own.into(), PathBuf::from);
    assert!(python.exists(), "no python with tuspy at {}: ./test.sh installs it", python.display());
    python
}

async fn run(server: &Server, file: &std::path::Path, digest: &str, stop: usize, url: &str) -> String {
    let mut command = Command::new(python());
    command.args(["-c", SCRIPT, &format!("{}/upload", server.base), &server.grant]);
    command.arg(file).args([digest, &stop.to_string(), url]).env("NO_PROXY", "*").kill_on_drop(true);
    let out = command.output().await.unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_foreign_client_uploads_stops_and_resumes() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("volume"), limits()).await;
    let bytes = movie(5_500_000);
    let file = dir.path().join("slice.mp4");
    std::fs::write(&file, &bytes).unwrap();
    let url = run(&server, &file, &sha256(&bytes), 2 << 20, "").await;
    assert_eq!(header(&server.head(&url).await, "upload-offset"), (2 << 20).to_string());
    assert_eq!(run(&server, &file, &sha256(&bytes), bytes.len(), &url).await, url);
    let object = object_of(&server.head(&url).await, &bytes);
    let read = server.http.get(server.object_url(&object, LATER_MS)).send().await.unwrap();
    assert!(read.bytes().await.unwrap() == bytes);
}
