-- Gatherers, how they enrol, their channels and timetables.

-- 采集端. Known by its Ed25519 key, never by a MAC address (design/house.md 3.8). A removed one keeps its row, because
-- its channels' history refers to it; its key is then prefixed so that the machine can enrol anew.
CREATE TABLE gatherer (
  gatherer_id       BIGINT  NOT NULL PRIMARY KEY,
  school_id         BIGINT  REFERENCES school (school_id),
  name              TEXT    NOT NULL CHECK (LENGTH(name) BETWEEN 1 AND 80),
  main_rate_kbps    BIGINT  NOT NULL CHECK (main_rate_kbps BETWEEN 1 AND 9999),
  sub_rate_kbps     BIGINT  NOT NULL CHECK (sub_rate_kbps BETWEEN 1 AND 9999),
  slice_min         BIGINT  NOT NULL CHECK (slice_min BETWEEN 0 AND 30),
  overlap_keyframes BIGINT  NOT NULL CHECK (overlap_keyframes BETWEEN 0 AND 3),
  snapshot_min      BIGINT  NOT NULL CHECK (snapshot_min BETWEEN 1 AND 10),
  reconnect_source  INTEGER NOT NULL CHECK (reconnect_source IN (0, 1)),
  reconnect_storage INTEGER NOT NULL CHECK (reconnect_storage IN (0, 1)),
  host_name         TEXT    NOT NULL,
  ip                TEXT    NOT NULL,
  mac               TEXT    NOT NULL,
  os                TEXT    NOT NULL,
  version           TEXT    NOT NULL,
  public_key        TEXT    NOT NULL UNIQUE,
  enrolled_at_ms    BIGINT  NOT NULL,
  seen_at_ms        BIGINT,
  -- Raised in the same transaction by every change this gatherer must hear of: the version of its state document.
  state_version     BIGINT  NOT NULL DEFAULT 1,
  deleted_at_ms     BIGINT,
  -- A removed gatherer lets its school go.
  CHECK (school_id IS NOT NULL OR deleted_at_ms IS NOT NULL)
);
CREATE INDEX gatherer_school ON gatherer (school_id);

-- One-use codes that let a gatherer enrol. Only the SHA-256 (hex) is kept: a stolen database enrols nobody.
CREATE TABLE join_code (
  code_hash     TEXT   NOT NULL PRIMARY KEY,
  school_id     BIGINT NOT NULL REFERENCES school (school_id) ON DELETE CASCADE,
  name          TEXT   NOT NULL CHECK (LENGTH(name) BETWEEN 1 AND 80),
  created_at_ms BIGINT NOT NULL,
  expires_at_ms BIGINT NOT NULL,
  used_at_ms    BIGINT,
  used_by       BIGINT REFERENCES gatherer (gatherer_id)
);

-- 通道. A removed one keeps its row: clicks and late slices refer to it.
CREATE TABLE channel (
  channel_id    BIGINT  NOT NULL PRIMARY KEY,
  gatherer_id   BIGINT  NOT NULL REFERENCES gatherer (gatherer_id),
  grade_id      BIGINT  REFERENCES grade (grade_id),
  class_name    TEXT    NOT NULL CHECK (LENGTH(class_name) BETWEEN 1 AND 128),
  mode          TEXT    NOT NULL CHECK (mode IN ('file', 'pull')),
  -- mode file: a path on the gatherer. mode pull: address, user and password; transport tcp or udp.
  path          TEXT    NOT NULL DEFAULT '',
  url           TEXT    NOT NULL DEFAULT '',
  user_name     TEXT    NOT NULL DEFAULT '',
  password      TEXT    NOT NULL DEFAULT '',
  transport     TEXT    NOT NULL DEFAULT 'tcp' CHECK (transport IN ('tcp', 'udp')),
  enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  clicks        BIGINT  NOT NULL DEFAULT 0,
  created_at_ms BIGINT  NOT NULL,
  deleted_at_ms BIGINT,
  -- A removed channel lets its grade go.
  CHECK (grade_id IS NOT NULL OR deleted_at_ms IS NOT NULL)
);
CREATE INDEX channel_gatherer ON channel (gatherer_id);
CREATE INDEX channel_grade ON channel (grade_id);

-- 录像表: half-open ranges of a weekday; 0 = Sunday. Longer than 30 s (R-SCH-04). Two of one channel and day never
-- overlap: checked in the writing transaction, because neither engine can say it alike in a constraint.
CREATE TABLE weekly_range (
  range_id   BIGINT  NOT NULL PRIMARY KEY,
  channel_id BIGINT  NOT NULL REFERENCES channel (channel_id),
  weekday    INTEGER NOT NULL CHECK (weekday BETWEEN 0 AND 6),
  start_s    INTEGER NOT NULL CHECK (start_s BETWEEN 0 AND 86399),
  end_s      INTEGER NOT NULL CHECK (end_s BETWEEN 1 AND 86400),
  subject_id BIGINT  NOT NULL REFERENCES subject (subject_id),
  teacher_id BIGINT  NOT NULL REFERENCES teacher (teacher_id),
  CHECK (end_s - start_s > 30)
);
CREATE INDEX weekly_range_channel ON weekly_range (channel_id, weekday, start_s);
CREATE INDEX weekly_range_subject ON weekly_range (subject_id);
CREATE INDEX weekly_range_teacher ON weekly_range (teacher_id);
