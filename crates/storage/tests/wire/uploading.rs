//! tus: what is kept, what is refused, and how each refusal is called.

use crate::server::{LATER_MS, Server, code, header, limits, movie, object_of, offset, sha256, signer};
use base64::{Engine, engine::general_purpose::STANDARD};
use model::grant::{Right, Signer};
use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};
use std::time::Duration;
use storage::Limits;

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}

#[tokio::test]
async fn says_what_it_can_do() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), limits()).await;
    let said = server.http.request(Method::OPTIONS, format!("{}/upload", server.base)).send().await.unwrap();
    assert_eq!(said.status(), StatusCode::NO_CONTENT);
    assert_eq!((header(&said, "tus-version"), header(&said, "tus-resumable")), ("1.0.0", "1.0.0"));
    assert!(header(&said, "tus-extension").contains("creation-with-upload"));
    assert_eq!(header(&said, "tus-max-size"), (4u64 << 30).to_string());
}

#[tokio::test]
async fn an_upload_goes_on_where_a_broken_one_stopped_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(3_000_000);
    let server = Server::start(dir.path(), limits()).await;
    let path = server.create("slice", &bytes).await;
    let half = server.half_patch(&path, 0, bytes.len(), &bytes[..1_000_000]).await;
    server.wait_for_offset(&path, 1).await;
    drop(half);
    assert_eq!(server.wait_for_offset(&path, 1_000_000).await, 1_000_000);
    let next = server.patch(&path, 1_000_000, &bytes[1_000_000..2_000_000]).await;
    assert_eq!((next.status(), offset(&next)), (StatusCode::NO_CONTENT, 2_000_000));
    assert!(header(&next, "upload-expires").ends_with("GMT"));
    server.stop().await;
    let server = Server::start(dir.path(), limits()).await;
    let asked = server.head(&path).await;
    assert_eq!((offset(&asked), header(&asked, "upload-length")), (2_000_000, "3000000"));
    let done = server.patch(&path, 2_000_000, &bytes[2_000_000..]).await;
    let object = object_of(&done, &bytes);
    let read = server.http.get(server.object_url(&object, LATER_MS)).send().await.unwrap();
    assert!(read.bytes().await.unwrap() == bytes);
}

#[tokio::test]
async fn a_lost_receipt_is_given_again_as_long_as_the_object_stands() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(5000);
    let server = Server::start(dir.path(), limits()).await;
    let path = server.create("slice", &bytes).await;
    let object = object_of(&server.patch(&path, 0, &bytes).await, &bytes);
    let server = Server::start(dir.path(), limits()).await;
    assert_eq!(object_of(&server.head(&path).await, &bytes), object);
    assert_eq!(object_of(&server.patch(&path, bytes.len(), b"").await, &bytes), object);
    let late = server.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!((late.status(), code(&late)), (StatusCode::CONFLICT, "finished"));
    let object = storage::ObjectId::parse(&object).unwrap();
    assert!(server.storage.volume().delete(&object).await.unwrap());
    assert_eq!(server.head(&path).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_crash_before_the_verification_heals_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(5000);
    let server = Server::start(dir.path(), limits()).await;
    let path = server.create("slice", &bytes).await;
    // All bytes on the disk, nobody verified them: what a kill at that moment leaves.
    std::fs::write(dir.path().join("incoming").join(path.rsplit('/').next().unwrap()), &bytes).unwrap();
    object_of(&server.head(&path).await, &bytes);
}

#[tokio::test]
async fn a_crash_between_placing_and_marking_heals_too() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(5000);
    let server = Server::start(dir.path(), limits()).await;
    let path = server.create("slice", &bytes).await;
    let side = dir.path().join("incoming").join(format!("{}.json", path.rsplit('/').next().unwrap()));
    let before = std::fs::read(&side).unwrap();
    let object = object_of(&server.patch(&path, 0, &bytes).await, &bytes);
    std::fs::write(&side, before).unwrap();
    assert_eq!(object_of(&server.head(&path).await, &bytes), object);
}

#[tokio::test]
async fn creation_may_carry_the_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = [&[0xff, 0xd8, 0xff, 0xe0], &[9u8; 3000][..]].concat();
    let server = Server::start(dir.path(), limits()).await;
    let made = server.creation("still", bytes.len(), &sha256(&bytes));
    let made = made
        .header("content-type", "application/offset+octet-stream")
        .body(bytes.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    object_of(&made, &bytes);
}

#[tokio::test]
async fn a_wrong_hash_stores_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(5000);
    let server = Server::start(dir.path(), limits()).await;
    let made = server.creation("slice", bytes.len(), &sha256(b"other")).send().await.unwrap();
    let path = header(&made, "location");
    let refused = server.patch(path, 0, &bytes).await;
    assert_eq!((refused.status(), code(&refused)), (status(460), "hash_mismatch"));
    let body: serde_json::Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    assert_eq!(body["code"], "hash_mismatch");
    assert!(body["message_zh"].as_str().unwrap().contains("校验") && body["message_en"].is_string());
    assert_eq!(server.head(path).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(std::fs::read_dir(dir.path().join("objects")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_wrong_offset_is_told_the_right_one() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(5000);
    let server = Server::start(dir.path(), limits()).await;
    let path = server.create("slice", &bytes).await;
    server.patch(&path, 0, &bytes[..100]).await;
    for wrong in [0, 99, 101, 5000] {
        let refused = server.patch(&path, wrong, &bytes[..100]).await;
        assert_eq!((refused.status(), offset(&refused)), (StatusCode::CONFLICT, 100));
    }
    let long = server.patch(&path, 100, &bytes).await;
    assert_eq!(code(&long), "too_large");
    assert_eq!(offset(&server.head(&path).await), 100, "not a byte of it was kept");
}

#[tokio::test]
async fn a_chunk_with_a_wrong_checksum_was_never_there() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(5000);
    let server = Server::start(dir.path(), limits()).await;
    let path = server.create("slice", &bytes).await;
    let send = |sum: &[u8]| {
        let sum = format!("sha256 {}", STANDARD.encode(Sha256::digest(sum)));
        server.chunk(&path, 0).header("upload-checksum", sum).body(bytes[..100].to_vec()).send()
    };
    let refused = send(b"x").await.unwrap();
    assert_eq!((refused.status(), code(&refused)), (status(460), "checksum"));
    assert_eq!(offset(&server.head(&path).await), 0);
    assert_eq!(offset(&send(&bytes[..100]).await.unwrap()), 100);
    let unknown =
        server.chunk(&path, 100).header("upload-checksum", "md5 abc").body("x").send().await.unwrap();
    assert_eq!((unknown.status(), code(&unknown)), (StatusCode::BAD_REQUEST, "bad_header"));
}

#[tokio::test]
async fn text_is_no_slice_and_no_still() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), limits()).await;
    let bytes = b"this is a text file, not a recording\n".repeat(100);
    for kind in ["slice", "still"] {
        let path = server.create(kind, &bytes).await;
        let refused = server.patch(&path, 0, &bytes[..50]).await;
        assert_eq!((refused.status(), code(&refused)), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_kind"));
        assert_eq!(server.head(&path).await.status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
}

#[tokio::test]
async fn only_a_living_grant_of_a_gatherer_uploads() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path(), limits()).await;
    let bytes = movie(100);
    let path = server.create("slice", &bytes).await;
    let forged = Signer::new([8; 32]).sign(Right::Gatherer, "1", "", LATER_MS);
    let cases = [
        (forged, 401, "forged"),
        ("nonsense".to_owned(), 401, "forged"),
        (signer().sign(Right::Gatherer, "1", "", 1), 401, "expired"),
        (signer().sign(Right::Read, "1", "", LATER_MS), 403, "other"),
        (signer().sign(Right::Gatherer, "2", "", LATER_MS), 404, "not_found"),
    ];
    for (grant, want, name) in cases {
        server.grant = grant;
        let head = server.head(&path).await;
        assert_eq!((head.status(), code(&head)), (status(want), name));
        assert_eq!(server.patch(&path, 0, &bytes).await.status(), status(want));
        let removed = server.request(Method::DELETE, &path).send().await.unwrap();
        assert_eq!(removed.status(), status(want));
    }
    let nobody =
        server.http.post(format!("{}/upload", server.base)).header("tus-resumable", "1.0.0").send().await;
    assert_eq!(code(&nobody.unwrap()), "unauthorized");
    let old = server.http.post(format!("{}/upload", server.base)).send().await.unwrap();
    assert_eq!((old.status(), code(&old)), (StatusCode::PRECONDITION_FAILED, "tus_version"));
}

#[tokio::test]
async fn announcements_keep_their_limits() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), Limits { chunk_max_bytes: 1000, ..limits() }).await;
    let hash = sha256(b"");
    let gib = 1usize << 30;
    let cases = [
        ("slice", 4 * gib + 1, hash.as_str(), 413, "too_large"),
        ("still", (2 << 20) + 1, &hash, 413, "too_large"),
        ("slice", 0, &hash, 400, "bad_header"),
        ("film", 100, &hash, 400, "bad_header"),
        ("slice", 100, "abc", 400, "bad_header"),
    ];
    for (kind, size, hash, want, name) in cases {
        let refused = server.creation(kind, size, hash).send().await.unwrap();
        assert_eq!((refused.status(), code(&refused)), (status(want), name), "{kind} {size}");
    }
    let bytes = movie(5000);
    let path = server.create("slice", &bytes).await;
    assert_eq!(code(&server.patch(&path, 0, &bytes[..1001]).await), "too_large");
    let plain =
        server.request(Method::PATCH, &path).header("upload-offset", 0).body("x").send().await.unwrap();
    assert_eq!((plain.status(), code(&plain)), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type"));
    assert_eq!(offset(&server.patch(&path, 0, &bytes[..1000]).await), 1000);
}

#[tokio::test]
async fn of_two_senders_the_second_waits_its_turn() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(900_000);
    let busy = Limits { hand_over_after: Duration::from_secs(600), ..limits() };
    let server = Server::start(dir.path(), busy).await;
    let path = server.create("slice", &bytes).await;
    let first = server.half_patch(&path, 0, bytes.len(), &bytes[..300_000]).await;
    let begun = server.wait_for_offset(&path, 1).await;
    let second = server.patch(&path, begun, &bytes[begun..]).await;
    assert_eq!((second.status(), code(&second)), (StatusCode::LOCKED, "locked"));
    drop(first);
    server.wait_for_offset(&path, 300_000).await;
    object_of(&server.patch(&path, 300_000, &bytes[300_000..]).await, &bytes);
}

#[tokio::test]
async fn a_sender_whose_line_is_dead_loses_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(900_000);
    let eager = Limits { hand_over_after: Duration::ZERO, ..limits() };
    let server = Server::start(dir.path(), eager).await;
    let path = server.create("slice", &bytes).await;
    let dead = server.half_patch(&path, 0, bytes.len(), &bytes[..300_000]).await;
    let begun = server.wait_for_offset(&path, 1).await;
    // The bytes in hand are written when the place changes, so the newcomer hears where the upload stands.
    let second = server.patch(&path, begun, &bytes[begun..]).await;
    assert_eq!(second.status(), StatusCode::CONFLICT);
    let stands = offset(&second) as usize;
    assert!((begun + 1..=300_000).contains(&stands), "{stands}");
    object_of(&server.patch(&path, stands, &bytes[stands..]).await, &bytes);
    drop(dead);
}

#[tokio::test]
async fn a_body_that_stops_coming_is_cut_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(900_000);
    let server =
        Server::start(dir.path(), Limits { body_idle: Duration::from_millis(200), ..limits() }).await;
    let path = server.create("slice", &bytes).await;
    let stuck = server.half_patch(&path, 0, bytes.len(), &bytes[..300_000]).await;
    server.wait_for_offset(&path, 300_000).await;
    object_of(&server.patch(&path, 300_000, &bytes[300_000..]).await, &bytes);
    drop(stuck);
}

#[tokio::test]
async fn an_upload_can_be_given_up_and_old_ones_expire() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = movie(5000);
    let server = Server::start(dir.path(), limits()).await;
    let path = server.create("slice", &bytes).await;
    assert_eq!(server.request(Method::DELETE, &path).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(server.head(&path).await.status(), StatusCode::NOT_FOUND);
    let open = server.create("slice", &bytes).await;
    let object = server.store("slice", &bytes).await;
    let now_ms = base::clock::now_ms();
    assert_eq!(server.storage.clean(now_ms).await.unwrap(), 0);
    assert_eq!(server.head(&open).await.status(), StatusCode::OK);
    assert_eq!(server.storage.clean(now_ms + 8 * 86_400_000).await.unwrap(), 2);
    assert_eq!(server.head(&open).await.status(), StatusCode::NOT_FOUND);
    let read = server.http.get(server.object_url(&object, LATER_MS)).send().await.unwrap();
    assert_eq!(read.status(), StatusCode::OK);
    assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
}

#[tokio::test]
async fn no_id_leads_out_of_the_volume() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), limits()).await;
    std::fs::write(dir.path().join("secret"), b"x").unwrap();
    for id in
        ["..%2fsecret", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "secret", "..", "ffffffffffffffffffffffffffffffff"]
    {
        let upload = server.head(&format!("/upload/{id}")).await;
        assert_eq!(upload.status(), StatusCode::NOT_FOUND, "{id}");
        let read = server.http.get(format!("{}/object/{id}?t=x", server.base)).send().await.unwrap();
        assert!(read.status().is_client_error(), "{id}");
    }
    let absent = "f".repeat(32);
    let read = server.http.get(server.object_url(&absent, LATER_MS)).send().await.unwrap();
    assert_eq!((read.status(), code(&read)), (StatusCode::NOT_FOUND, "not_found"));
}
