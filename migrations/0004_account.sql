-- Accounts, browser sessions and the claim of the first admin.

-- 用户. `user` is a reserved word in PostgreSQL. name_key is the name in lower case, made in Rust because the engines'
-- LOWER differ outside ASCII.
CREATE TABLE account (
  user_id          BIGINT  NOT NULL PRIMARY KEY,
  name             TEXT    NOT NULL CHECK (LENGTH(name) BETWEEN 1 AND 64),
  name_key         TEXT    NOT NULL UNIQUE,
  display_name     TEXT    NOT NULL CHECK (LENGTH(display_name) <= 64),
  password_hash    TEXT    NOT NULL,  -- argon2id in PHC form
  role             TEXT    NOT NULL CHECK (role IN ('admin', 'user')),
  created_at_ms    BIGINT  NOT NULL,
  last_login_at_ms BIGINT,
  disabled         INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1))
);

-- Browser sessions. Only the SHA-256 (hex) of the cookie's token is kept: a stolen database logs nobody in.
CREATE TABLE session (
  token_hash    TEXT   NOT NULL PRIMARY KEY CHECK (LENGTH(token_hash) = 64),
  user_id       BIGINT NOT NULL REFERENCES account (user_id),
  created_at_ms BIGINT NOT NULL,
  expires_at_ms BIGINT NOT NULL
);
CREATE INDEX session_of_user ON session (user_id);
CREATE INDEX session_expires ON session (expires_at_ms);

-- Bootstrap: exactly one claim of the first admin ever succeeds.
CREATE TABLE site_claim (
  site_claim_id INTEGER NOT NULL PRIMARY KEY CHECK (site_claim_id = 1),
  claimed_at_ms BIGINT,
  user_id       BIGINT   -- no reference: that account may be removed later, the claim stays
);
INSERT INTO site_claim (site_claim_id, claimed_at_ms, user_id) VALUES (1, NULL, NULL);
