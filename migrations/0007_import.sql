-- Imports under way: what a file held and what its user chose so far. Kept here, so that neither a reload nor a restart
-- of the server loses the work; forgotten a day after it was last touched.
INSERT INTO counter (name, next_id) VALUES ('import_job', 1);

CREATE TABLE import_job (
  import_job_id BIGINT NOT NULL PRIMARY KEY,
  school_id     BIGINT REFERENCES school (school_id) ON DELETE CASCADE,  -- NULL = data of the whole site
  user_id       BIGINT NOT NULL REFERENCES account (user_id) ON DELETE CASCADE,
  what          TEXT   NOT NULL CHECK (LENGTH(what) BETWEEN 1 AND 20),   -- timetable, or a table of basic data
  file_name     TEXT   NOT NULL CHECK (LENGTH(file_name) <= 120),
  sha256        TEXT   NOT NULL CHECK (LENGTH(sha256) = 64),
  choices       TEXT   NOT NULL,  -- JSON
  result        BIGINT,           -- version published, or rows written; NULL = not yet
  made_at_ms    BIGINT NOT NULL,
  touched_at_ms BIGINT NOT NULL,
  document      TEXT   NOT NULL   -- JSON of what was read
);
CREATE INDEX import_job_of_user ON import_job (user_id);
CREATE INDEX import_job_touched ON import_job (touched_at_ms);
