use super::*;

fn new(slice_id: &str, lesson: i64) -> NewSlice {
    NewSlice {
        slice_id: slice_id.into(),
        dir: "/spool".into(),
        channel_id: ChannelId(1),
        lesson_key: format!("{lesson}-20261120"),
        lesson_at_ms: lesson * 1000,
        range_id: RangeId(lesson),
        subject_id: SubjectId(2),
        teacher_id: TeacherId(3),
        started_at_ms: lesson * 1000 + 5,
        overlap_ms: 40,
        video_codec: "H.265".into(),
        audio_codec: "AAC".into(),
        width: 1280,
        height: 720,
    }
}

fn finished() -> ClosedSlice {
    ClosedSlice {
        duration_ms: 60_000,
        size_bytes: 1000,
        sha256: "ab".repeat(32),
        video_frames: 1500,
        end: SliceEnd::Length,
        has_still: true,
        audio_codec: "AAC".into(),
    }
}

async fn ledger() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&dir.path().join("ledger.db"), "1@a").await.unwrap();
    (dir, ledger)
}

#[tokio::test]
async fn sequences_count_up_within_a_lesson_also_after_a_restart() {
    let (dir, ledger) = ledger().await;
    assert_eq!(ledger.begin(&new("a", 1)).await.unwrap(), 0);
    assert_eq!(ledger.begin(&new("b", 1)).await.unwrap(), 1);
    assert_eq!(ledger.begin(&new("c", 2)).await.unwrap(), 0);
    ledger.close().await;
    let ledger = Ledger::open(&dir.path().join("ledger.db"), "1@a").await.unwrap();
    assert_eq!(ledger.begin(&new("d", 1)).await.unwrap(), 2);
    assert_eq!(ledger.in_state(SliceState::Open).await.unwrap().len(), 4);
}

#[tokio::test]
async fn an_open_slice_takes_another_teacher_and_a_closed_one_keeps_what_the_site_may_know() {
    let (_dir, ledger) = ledger().await;
    for (id, expected) in [("open", 9), ("closed", 3)] {
        ledger.begin(&new(id, 1)).await.unwrap();
        if id == "closed" {
            ledger.closed(id, &finished()).await.unwrap();
        }
        ledger.retitled(id, SubjectId(2), TeacherId(9)).await.unwrap();
        let row = ledger.get(id).await.unwrap().unwrap();
        assert_eq!(row.facts.teacher_id, TeacherId(expected));
    }
}

#[tokio::test]
async fn a_damaged_slice_whose_file_is_back_goes_on_where_it_was() {
    let (_dir, ledger) = ledger().await;
    for id in ["open", "closed"] {
        ledger.begin(&new(id, 1)).await.unwrap();
    }
    ledger.closed("closed", &finished()).await.unwrap();
    for (id, state) in [("open", SliceState::Open), ("closed", SliceState::Closed)] {
        ledger.damaged(id, "its file vanished").await.unwrap();
        for _ in 0..2 {
            ledger.revived(id).await.unwrap();
            let row = ledger.get(id).await.unwrap().unwrap();
            assert_eq!((row.state, row.note.as_str()), (state, ""));
        }
    }
}

#[tokio::test]
async fn a_slice_goes_its_way_and_keeps_its_facts() {
    let (_dir, ledger) = ledger().await;
    ledger.begin(&new("a", 1)).await.unwrap();
    ledger.durable("a", 512).await.unwrap();
    assert_eq!(ledger.get("a").await.unwrap().unwrap().durable_bytes, 512);
    ledger.closed("a", &finished()).await.unwrap();
    assert_eq!(ledger.waiting().await.unwrap(), (1, 1000));
    ledger.uploading("a", Some("http://s/upload/1")).await.unwrap();
    ledger.still_stored("a", "still-receipt").await.unwrap();
    ledger.stored("a", "receipt").await.unwrap();
    let row = ledger.get("a").await.unwrap().unwrap();
    assert_eq!(
        (row.receipt.as_deref(), row.still_receipt.as_deref()),
        (Some("receipt"), Some("still-receipt"))
    );
    assert_eq!(row.file(), Path::new("/spool/a.mp4"));
    let expected = SliceFacts {
        slice_id: "a".into(),
        channel_id: ChannelId(1),
        lesson_key: "1-20261120".into(),
        range_id: RangeId(1),
        subject_id: SubjectId(2),
        teacher_id: TeacherId(3),
        sequence: 0,
        started_at_ms: 1005,
        duration_ms: 60_000,
        overlap_ms: 40,
        size_bytes: 1000,
        sha256: "ab".repeat(32),
        video_frames: 1500,
        video_codec: "H.265".into(),
        audio_codec: "AAC".into(),
        width: 1280,
        height: 720,
        end: SliceEnd::Length,
    };
    assert_eq!(row.facts, expected);
    ledger.registered("a").await.unwrap();
    ledger.deleted("a").await.unwrap();
    assert_eq!(ledger.waiting().await.unwrap(), (0, 0));
    ledger.prune(i64::MAX).await.unwrap();
    assert_eq!(ledger.get("a").await.unwrap(), None);
}

#[tokio::test]
async fn no_arrow_can_be_skipped_and_each_may_be_taken_twice() {
    let (_dir, ledger) = ledger().await;
    ledger.begin(&new("a", 1)).await.unwrap();
    assert!(ledger.stored("a", "r").await.is_err(), "open is not stored");
    assert!(ledger.deleted("a").await.is_err(), "never delete what the site has not confirmed");
    ledger.closed("a", &finished()).await.unwrap();
    ledger.closed("a", &finished()).await.unwrap();
    assert!(ledger.registered("a").await.is_err());
    ledger.stored("a", "r").await.unwrap();
    ledger.stored("a", "r").await.unwrap();
    assert!(ledger.deleted("a").await.is_err());
    ledger.registered("a").await.unwrap();
    assert!(ledger.damaged("a", "late").await.is_err(), "the site has it: nothing is damaged");
    ledger.deleted("a").await.unwrap();
    ledger.deleted("a").await.unwrap();
    assert!(ledger.closed("nobody", &finished()).await.is_err());
}

#[tokio::test]
async fn newest_lessons_are_uploaded_first_and_their_slices_in_order() {
    let (_dir, ledger) = ledger().await;
    for (id, lesson) in [("a", 1), ("b", 2), ("c", 2), ("d", 1)] {
        ledger.begin(&new(id, lesson)).await.unwrap();
        ledger.closed(id, &finished()).await.unwrap();
    }
    ledger.begin(&new("open", 3)).await.unwrap();
    let order: Vec<String> =
        ledger.queue().await.unwrap().into_iter().map(|row| row.facts.slice_id).collect();
    assert_eq!(order, ["b", "c", "a", "d"]);
}

#[tokio::test]
async fn a_new_hash_and_a_lost_receipt_start_the_upload_anew() {
    let (_dir, ledger) = ledger().await;
    ledger.begin(&new("a", 1)).await.unwrap();
    ledger.closed("a", &finished()).await.unwrap();
    ledger.uploading("a", Some("u")).await.unwrap();
    ledger.rehashed("a", 7, &"cd".repeat(32)).await.unwrap();
    let row = ledger.get("a").await.unwrap().unwrap();
    assert_eq!((row.upload_url, row.facts.size_bytes, &row.facts.sha256[..2]), (None, 7, "cd"));
    ledger.stored("a", "r").await.unwrap();
    ledger.unstored("a", false).await.unwrap();
    let row = ledger.get("a").await.unwrap().unwrap();
    assert_eq!((row.state, row.receipt), (SliceState::Closed, None));
}

#[tokio::test]
async fn a_damaged_slice_keeps_its_place_and_says_why() {
    let (_dir, ledger) = ledger().await;
    ledger.begin(&new("a", 1)).await.unwrap();
    ledger.damaged("a", "no whole fragment").await.unwrap();
    assert_eq!(ledger.begin(&new("b", 1)).await.unwrap(), 1, "its sequence is never used again");
    let row = ledger.in_state(SliceState::Damaged).await.unwrap().remove(0);
    assert_eq!(row.note, "no whole fragment");
}

#[tokio::test]
async fn what_was_recorded_for_one_site_never_goes_to_another() {
    let (dir, ledger) = ledger().await;
    ledger.begin(&new("a", 1)).await.unwrap();
    ledger.closed("a", &finished()).await.unwrap();
    ledger.close().await;
    let other = Ledger::open(&dir.path().join("ledger.db"), "1@b").await.unwrap();
    assert!(other.queue().await.unwrap().is_empty());
    assert_eq!(other.waiting().await.unwrap(), (0, 0));
    assert_eq!(other.begin(&new("b", 1)).await.unwrap(), 0, "its lessons count by themselves");
}
