-- A request id belongs to a client and an asset (ADR 37). The table is built anew, because SQLite cannot drop
-- the UNIQUE constraint of a table.

ALTER TABLE observations RENAME TO observations_0002;
DROP INDEX observations_by_time;

CREATE TABLE observations (
  tenant INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  timestamp_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  item INTEGER NOT NULL,
  body_digest BLOB NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (tenant, seq)
) STRICT;

INSERT INTO observations
  SELECT tenant, seq, asset, timestamp_ms, received_ms, client_id, request_id, item, body_digest, payload
  FROM observations_0002 ORDER BY rowid;

DROP TABLE observations_0002;

-- A retry finds its first try here. An index and no constraint, so that it can be replaced.
CREATE UNIQUE INDEX observations_by_request
  ON observations (tenant, client_id, request_id, item, asset);
-- For retention alone.
CREATE INDEX observations_by_time ON observations (tenant, timestamp_ms);
