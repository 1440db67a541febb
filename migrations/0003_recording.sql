-- Recordings: lessons, their slices, the newest snapshot of a channel, objects waiting to be removed.

-- One recorded lesson: what the site lists. Its sums are recomputed from its slices by every change of them; subject and
-- teacher come from its first slice and may be corrected by an admin afterwards, which leaves the slices as reported.
-- Neither carries a reference: a late slice must be stored even when its subject has just gone.
CREATE TABLE lesson (
  lesson_key      TEXT   NOT NULL PRIMARY KEY,   -- <range id>-<yyyymmdd>
  channel_id      BIGINT NOT NULL REFERENCES channel (channel_id),
  subject_id      BIGINT NOT NULL,
  teacher_id      BIGINT NOT NULL,
  started_at_ms   BIGINT NOT NULL,
  ended_at_ms     BIGINT NOT NULL,
  duration_ms     BIGINT NOT NULL,               -- media without what neighbours repeat (切片交错)
  size_bytes      BIGINT NOT NULL,
  slice_count     BIGINT NOT NULL,
  still_object_id TEXT,                          -- of the earliest slice that has one
  clicks          BIGINT NOT NULL DEFAULT 0,
  created_at_ms   BIGINT NOT NULL
);
CREATE INDEX lesson_started ON lesson (started_at_ms);
CREATE INDEX lesson_subject ON lesson (subject_id, started_at_ms);
CREATE INDEX lesson_channel ON lesson (channel_id, started_at_ms);
CREATE INDEX lesson_teacher ON lesson (teacher_id);
CREATE INDEX lesson_clicks ON lesson (clicks);

-- 切片: one file. Columns up to end_reason are the gatherer's report and never change (model::slice::SliceFacts).
CREATE TABLE slice (
  slice_id        TEXT   NOT NULL PRIMARY KEY CHECK (LENGTH(slice_id) = 26),
  channel_id      BIGINT NOT NULL REFERENCES channel (channel_id),
  lesson_key      TEXT   NOT NULL REFERENCES lesson (lesson_key),
  range_id        BIGINT NOT NULL,
  subject_id      BIGINT NOT NULL,
  teacher_id      BIGINT NOT NULL,
  sequence        BIGINT NOT NULL CHECK (sequence >= 0),
  started_at_ms   BIGINT NOT NULL,
  duration_ms     BIGINT NOT NULL CHECK (duration_ms >= 0),
  overlap_ms      BIGINT NOT NULL CHECK (overlap_ms >= 0),
  size_bytes      BIGINT NOT NULL CHECK (size_bytes > 0),
  sha256          TEXT   NOT NULL CHECK (LENGTH(sha256) = 64),
  video_frames    BIGINT NOT NULL,
  video_codec     TEXT   NOT NULL,
  audio_codec     TEXT   NOT NULL,
  width           BIGINT NOT NULL,
  height          BIGINT NOT NULL,
  end_reason      TEXT   NOT NULL CHECK (end_reason IN
    ('bell', 'length', 'source_lost', 'source_changed', 'cancelled', 'shutdown', 'disk', 'recovered')),
  object_id       TEXT   NOT NULL UNIQUE,
  still_object_id TEXT,
  clicks          BIGINT NOT NULL DEFAULT 0,
  created_at_ms   BIGINT NOT NULL
);
CREATE INDEX slice_lesson ON slice (lesson_key, started_at_ms, sequence);
CREATE INDEX slice_channel ON slice (channel_id);
CREATE INDEX slice_still ON slice (still_object_id);

-- 通道截图: only the newest of a channel is kept.
CREATE TABLE snapshot (
  channel_id  BIGINT NOT NULL PRIMARY KEY REFERENCES channel (channel_id),
  object_id   TEXT   NOT NULL UNIQUE,
  taken_at_ms BIGINT NOT NULL
);

-- Objects no row refers to any more, written by the deleting transaction and removed here after storage confirmed: a
-- crash between the two leaves no orphan in storage.
CREATE TABLE doomed_object (
  object_id    TEXT   NOT NULL PRIMARY KEY,
  doomed_at_ms BIGINT NOT NULL
);
