CREATE TABLE observations (
  observation_id INTEGER PRIMARY KEY,
  org_id TEXT NOT NULL,
  environment TEXT NOT NULL,
  client_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  body_digest BLOB NOT NULL,
  asset_id TEXT NOT NULL,
  timestamp_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  payload TEXT NOT NULL
) STRICT;

-- One observation for each request id of a client: a retry finds its first try here.
CREATE UNIQUE INDEX observations_by_request
  ON observations (org_id, environment, client_id, request_id);

CREATE TABLE assets (
  org_id TEXT NOT NULL,
  environment TEXT NOT NULL,
  asset_id TEXT NOT NULL,
  type TEXT,
  timestamp_ms INTEGER NOT NULL,
  first_received_ms INTEGER NOT NULL,
  last_received_ms INTEGER NOT NULL,
  -- The newest observation by device time.
  latest_observation_id INTEGER NOT NULL REFERENCES observations,
  PRIMARY KEY (org_id, environment, asset_id)
) STRICT, WITHOUT ROWID;
