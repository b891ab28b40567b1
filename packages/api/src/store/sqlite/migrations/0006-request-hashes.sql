-- Requests by a hash, in a table of their own (ADR 64). `request_hash` is a function of this program, see
-- migrate.ts. The observations are built anew, since dropping a column rewrites every row, for each column.

ALTER TABLE observations RENAME TO observations_0004;
DROP INDEX observations_by_request;
DROP INDEX observations_by_time;

CREATE TABLE requests (
  tenant INTEGER NOT NULL,
  -- Of client, request id and item.
  hash BLOB NOT NULL,
  asset INTEGER NOT NULL,
  -- The first bytes of the body's.
  digest BLOB NOT NULL,
  -- The day, since 1970.
  received INTEGER NOT NULL,
  PRIMARY KEY (tenant, hash, asset)
) STRICT, WITHOUT ROWID;

INSERT INTO requests
  SELECT tenant, request_hash(client_id, request_id, item) AS hash, asset, substr(body_digest, 1, 8),
    received_ms / 86400000
  FROM observations_0004 ORDER BY tenant, hash, asset;

-- Expired requests of earlier days have been deleted.
ALTER TABLE tenants ADD COLUMN requests_from INTEGER NOT NULL DEFAULT 0;

CREATE TABLE observations (
  tenant INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  timestamp_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (tenant, seq)
) STRICT;

INSERT INTO observations
  SELECT tenant, seq, asset, timestamp_ms, received_ms, payload FROM observations_0004 ORDER BY rowid;

DROP TABLE observations_0004;

-- For retention alone.
CREATE INDEX observations_by_time ON observations (tenant, timestamp_ms);
