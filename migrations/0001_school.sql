-- The first tables of a site. One text for SQLite and PostgreSQL (design/crates.md 2.6), therefore:
-- ids are BIGINT handed out by `counter`, flags are INTEGER 0/1, instants are BIGINT Unix milliseconds (`_at_ms`),
-- times of day are seconds after local midnight (`_s`). Tables are singular; keys are named for joins.

-- Next id of each noun, taken inside the transaction that uses it: a rolled back insert leaves no hole that matters,
-- and both engines behave alike (SERIAL and AUTOINCREMENT do not).
CREATE TABLE counter (
  name    TEXT   NOT NULL PRIMARY KEY,
  next_id BIGINT NOT NULL CHECK (next_id > 0)
);
INSERT INTO counter (name, next_id) VALUES
  ('school', 1), ('subject', 1), ('grade', 1), ('teacher', 1), ('gatherer', 1), ('channel', 1), ('weekly_range', 1),
  ('account', 1);

-- Touched first by every transaction that reads before it writes: one such writer at a time on both engines, so that
-- what was checked (no overlap, last admin, first admin) still holds at commit.
CREATE TABLE writer (
  writer_id INTEGER NOT NULL PRIMARY KEY CHECK (writer_id = 1),
  turns     BIGINT  NOT NULL
);
INSERT INTO writer (writer_id, turns) VALUES (1, 0);

-- 系统设置, 组件设置. Absent rows mean the default in code (db::Settings).
CREATE TABLE setting (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

-- 学校
CREATE TABLE school (
  school_id BIGINT NOT NULL PRIMARY KEY,
  name      TEXT   NOT NULL CHECK (LENGTH(name) BETWEEN 1 AND 128),
  address   TEXT   NOT NULL CHECK (LENGTH(address) <= 128),
  phone     TEXT   NOT NULL CHECK (LENGTH(phone) <= 60)
);

-- 科目
CREATE TABLE subject (
  subject_id BIGINT NOT NULL PRIMARY KEY,
  name       TEXT   NOT NULL UNIQUE CHECK (LENGTH(name) BETWEEN 1 AND 20)
);

-- 年级: 类型 (stage) and 名称.
CREATE TABLE grade (
  grade_id BIGINT NOT NULL PRIMARY KEY,
  stage    TEXT   NOT NULL CHECK (LENGTH(stage) BETWEEN 1 AND 20),
  name     TEXT   NOT NULL CHECK (LENGTH(name) BETWEEN 1 AND 20),
  UNIQUE (stage, name)
);

-- 教师. Two teachers may share a name. sex: 0 男, 1 女. title: index into model::school::TITLES.
CREATE TABLE teacher (
  teacher_id BIGINT  NOT NULL PRIMARY KEY,
  name       TEXT    NOT NULL CHECK (LENGTH(name) BETWEEN 1 AND 30),
  sex        INTEGER NOT NULL CHECK (sex IN (0, 1)),
  title      INTEGER NOT NULL CHECK (title BETWEEN 0 AND 4),
  about      TEXT    NOT NULL CHECK (LENGTH(about) <= 500)
);
