-- Names that devices choose are BYTEA: TEXT cannot hold every string that JSON can (U+0000), and their order
-- is then that of SQLite.
CREATE TABLE telemetry.observations (
  observation_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org_id TEXT NOT NULL,
  environment TEXT NOT NULL,
  client_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  body_digest BYTEA NOT NULL,
  asset_id BYTEA NOT NULL,
  timestamp_ms BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  payload TEXT NOT NULL,
  -- One observation for each request id of a client: a retry finds its first try here.
  UNIQUE (org_id, environment, client_id, request_id)
);

CREATE TABLE telemetry.assets (
  org_id TEXT NOT NULL,
  environment TEXT NOT NULL,
  asset_id BYTEA NOT NULL,
  type BYTEA,
  timestamp_ms BIGINT NOT NULL,
  first_received_ms BIGINT NOT NULL,
  last_received_ms BIGINT NOT NULL,
  -- The newest observation by device time.
  latest_observation_id BIGINT NOT NULL REFERENCES telemetry.observations,
  PRIMARY KEY (org_id, environment, asset_id)
);
