-- Gatherers that a channel has left. Files they recorded for it may still be on their way, and are taken.
CREATE TABLE channel_left (
  channel_id   BIGINT NOT NULL REFERENCES channel (channel_id),
  gatherer_id  BIGINT NOT NULL REFERENCES gatherer (gatherer_id),
  PRIMARY KEY (channel_id, gatherer_id)
);
