//! Reading objects: ranges, tags, names, grants.

use crate::server::{LATER_MS, Server, code, header, limits, movie, signer};
use model::grant::Right;
use reqwest::StatusCode;

#[tokio::test]
async fn an_object_is_read_whole_and_in_ranges() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), limits()).await;
    let bytes = movie(1_500_000);
    let url = server.object_url(&server.store("slice", &bytes).await, LATER_MS);
    let whole = server.http.get(&url).send().await.unwrap();
    assert_eq!((whole.status(), header(&whole, "content-type")), (StatusCode::OK, "video/mp4"));
    assert_eq!(header(&whole, "accept-ranges"), "bytes");
    assert!(header(&whole, "cache-control").starts_with("private, max-age="));
    let tag = header(&whole, "etag").to_owned();
    assert!(whole.bytes().await.unwrap() == bytes);
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=700000-1400000", 700_000, 1_400_001),
        ("bytes=-7", 1_499_993, 1_500_000),
    ] {
        let part =
            server.http.get(&url).header("range", range).header("if-range", &tag).send().await.unwrap();
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(header(&part, "content-range"), format!("bytes {from}-{}/1500000", to - 1));
        assert!(part.bytes().await.unwrap() == bytes[from..to], "{range}");
    }
    let other =
        server.http.get(&url).header("range", "bytes=0-0").header("if-range", "\"x\"").send().await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
    let past = server.http.get(&url).header("range", "bytes=1500000-").send().await.unwrap();
    assert_eq!((past.status(), code(&past)), (StatusCode::RANGE_NOT_SATISFIABLE, "range"));
    assert_eq!(header(&past, "content-range"), "bytes */1500000");
    let known = server.http.get(&url).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let head = server.http.head(&url).send().await.unwrap();
    assert_eq!((head.status(), header(&head, "content-length")), (StatusCode::OK, "1500000"));
}

#[tokio::test]
async fn a_download_has_a_clean_name() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), limits()).await;
    let url = server.object_url(&server.store("slice", &movie(100)).await, LATER_MS);
    let named =
        server.http.get(format!("{url}&name=../%E8%AF%AD%E6%96%87%0d%0aX-A:%20b")).send().await.unwrap();
    assert_eq!(named.status(), StatusCode::OK);
    let got = header(&named, "content-disposition");
    assert_eq!(got, "attachment; filename=\"__X-A b.mp4\"; filename*=UTF-8''%E8%AF%AD%E6%96%87X-A%20b.mp4");
    assert!(!named.headers().contains_key("x-a"));
}

#[tokio::test]
async fn only_a_living_grant_for_this_object_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), limits()).await;
    let object = server.store("slice", &movie(100)).await;
    let second = server.store("slice", &movie(101)).await;
    let sign = |right, resource: &str, until_ms| signer().sign(right, resource, "u1", until_ms);
    let good = sign(Right::Read, &object, LATER_MS);
    let mut tampered = good.clone().into_bytes();
    tampered[20] ^= 1;
    let cases = [
        (String::from_utf8(tampered).unwrap(), "forged"),
        (String::new(), "forged"),
        (sign(Right::Read, &second, LATER_MS), "other"),
        (sign(Right::Play, &object, LATER_MS), "other"),
        (sign(Right::Read, &object, 1), "expired"),
    ];
    for (grant, name) in cases {
        let refused =
            server.http.get(format!("{}/object/{object}?t={grant}", server.base)).send().await.unwrap();
        assert_eq!((refused.status(), code(&refused)), (StatusCode::FORBIDDEN, name));
        let body: serde_json::Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
        assert_eq!(body["code"], name);
    }
    let bare = server.http.get(format!("{}/object/{object}", server.base)).send().await.unwrap();
    assert_eq!(bare.status(), StatusCode::FORBIDDEN);
    let read = server.http.get(format!("{}/object/{object}?token={good}", server.base)).send().await.unwrap();
    assert_eq!(read.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_viewer_reads_on_while_the_object_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), limits()).await;
    let bytes = movie(8_000_000);
    let object = server.store("slice", &bytes).await;
    let reading = server.http.get(server.object_url(&object, LATER_MS)).send().await.unwrap();
    let id = storage::ObjectId::parse(&object).unwrap();
    assert!(server.storage.volume().delete(&id).await.unwrap());
    assert!(reading.bytes().await.unwrap() == bytes);
    let gone = server.http.get(server.object_url(&object, LATER_MS)).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}
