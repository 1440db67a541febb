-- The timetable (docs/timetable.md): rooms, classes, students; 校历, 课表 and 调课 of a school; what the site remembers of
-- imports and feeds. Documents are JSON of model::calendar, read and written whole. Dates are local, TEXT yyyy-mm-dd, so
-- that they compare alike on both engines. Users are named without a reference: history outlives accounts.
INSERT INTO counter (name, next_id) VALUES
  ('room', 1), ('school_class', 1), ('student', 1), ('timetable_change', 1), ('feed', 1);

-- 教室. A channel looks into one; a class has one of its own.
CREATE TABLE room (
  room_id   BIGINT NOT NULL PRIMARY KEY,
  school_id BIGINT NOT NULL REFERENCES school (school_id),
  name      TEXT   NOT NULL CHECK (LENGTH(name) BETWEEN 1 AND 60),
  UNIQUE (school_id, name)
);

-- 班级. `class` alone is a word of too many languages. Its school never changes.
CREATE TABLE school_class (
  class_id  BIGINT  NOT NULL PRIMARY KEY,
  school_id BIGINT  NOT NULL REFERENCES school (school_id),
  grade_id  BIGINT  NOT NULL REFERENCES grade (grade_id),
  name      TEXT    NOT NULL CHECK (LENGTH(name) BETWEEN 1 AND 60),
  room_id   BIGINT  REFERENCES room (room_id),
  record    INTEGER NOT NULL CHECK (record IN (0, 1)),
  UNIQUE (school_id, grade_id, name)
);
CREATE INDEX school_class_grade ON school_class (grade_id);
CREATE INDEX school_class_room ON school_class (room_id);

-- 学生. school_id is the class's, kept here because 学号 is unique within a school.
CREATE TABLE student (
  student_id BIGINT  NOT NULL PRIMARY KEY,
  school_id  BIGINT  NOT NULL REFERENCES school (school_id),
  class_id   BIGINT  NOT NULL REFERENCES school_class (class_id),
  number     TEXT    NOT NULL CHECK (LENGTH(number) BETWEEN 1 AND 30),
  name       TEXT    NOT NULL CHECK (LENGTH(name) BETWEEN 1 AND 30),
  sex        INTEGER NOT NULL CHECK (sex IN (0, 1)),
  UNIQUE (school_id, number)
);
CREATE INDEX student_class ON student (class_id);

ALTER TABLE channel ADD COLUMN room_id BIGINT REFERENCES room (room_id);
CREATE INDEX channel_room ON channel (room_id);

-- The class whose lesson was recorded; NULL = a weekly range. No reference: a late slice is stored whatever has gone.
ALTER TABLE lesson ADD COLUMN class_id BIGINT;
CREATE INDEX lesson_class ON lesson (class_id, started_at_ms);

-- 校历: the greatest revision of a school counts. Rows are never changed.
CREATE TABLE calendar_revision (
  school_id   BIGINT NOT NULL REFERENCES school (school_id) ON DELETE CASCADE,
  revision    BIGINT NOT NULL CHECK (revision > 0),
  document    TEXT   NOT NULL,
  saved_at_ms BIGINT NOT NULL,
  saved_by    BIGINT NOT NULL,
  PRIMARY KEY (school_id, revision)
);

-- 课表: published versions. Rows are never changed. In force on a date: the latest starts_on not after it, of equals the
-- greatest version_no.
CREATE TABLE timetable_version (
  school_id       BIGINT NOT NULL REFERENCES school (school_id),
  version_no      BIGINT NOT NULL CHECK (version_no > 0),
  starts_on       TEXT   NOT NULL CHECK (LENGTH(starts_on) = 10),
  cells           BIGINT NOT NULL CHECK (cells >= 0),
  source          TEXT   NOT NULL CHECK (LENGTH(source) <= 200),
  note            TEXT   NOT NULL CHECK (LENGTH(note) <= 200),
  document        TEXT   NOT NULL,
  published_at_ms BIGINT NOT NULL,
  published_by    BIGINT NOT NULL,
  PRIMARY KEY (school_id, version_no)
);

-- Unpublished work, one a user and school; gone with the account.
CREATE TABLE timetable_draft (
  school_id   BIGINT NOT NULL REFERENCES school (school_id) ON DELETE CASCADE,
  user_id     BIGINT NOT NULL REFERENCES account (user_id) ON DELETE CASCADE,
  base_no     BIGINT NOT NULL CHECK (base_no >= 0),
  document    TEXT   NOT NULL,
  saved_at_ms BIGINT NOT NULL,
  PRIMARY KEY (school_id, user_id)
);

-- 调课: dated operations in order of change_id. Revoked, never removed. The dates span every lesson the operation names.
CREATE TABLE timetable_change (
  change_id     BIGINT NOT NULL PRIMARY KEY,
  school_id     BIGINT NOT NULL REFERENCES school (school_id) ON DELETE CASCADE,
  first_date    TEXT   NOT NULL CHECK (LENGTH(first_date) = 10),
  last_date     TEXT   NOT NULL CHECK (LENGTH(last_date) = 10),
  document      TEXT   NOT NULL,
  reason        TEXT   NOT NULL CHECK (LENGTH(reason) <= 120),
  made_at_ms    BIGINT NOT NULL,
  made_by       BIGINT NOT NULL,
  revoked_at_ms BIGINT,
  revoked_by    BIGINT
);
CREATE INDEX timetable_change_dates ON timetable_change (school_id, last_date);

-- What an import was told once: this text means that row. Targets are of five tables, so without a reference; they are
-- forgotten with their row.
CREATE TABLE name_alias (
  school_id BIGINT NOT NULL REFERENCES school (school_id) ON DELETE CASCADE,
  noun      TEXT   NOT NULL CHECK (noun IN ('class', 'teacher', 'subject', 'room', 'grade')),
  text      TEXT   NOT NULL CHECK (LENGTH(text) BETWEEN 1 AND 120),
  target    BIGINT NOT NULL,
  PRIMARY KEY (school_id, noun, text)
);
CREATE INDEX name_alias_target ON name_alias (noun, target);

-- iCal feeds: who knows the address may read. Only the SHA-256 (hex) of its token is kept.
CREATE TABLE feed (
  feed_id    BIGINT NOT NULL PRIMARY KEY,
  school_id  BIGINT NOT NULL REFERENCES school (school_id) ON DELETE CASCADE,
  kind       TEXT   NOT NULL CHECK (kind IN ('class', 'teacher', 'room')),
  target     BIGINT NOT NULL,
  token_hash TEXT   NOT NULL UNIQUE CHECK (LENGTH(token_hash) = 64),
  made_at_ms BIGINT NOT NULL,
  made_by    BIGINT NOT NULL,
  read_at_ms BIGINT
);
CREATE INDEX feed_school ON feed (school_id);
