-- Reports taken apart, so that they can be asked for by time. Every row begins with its tenant.

ALTER TABLE observations RENAME TO observations_0001;
ALTER TABLE assets RENAME TO assets_0001;
DROP INDEX observations_by_request;

CREATE TABLE tenants (
  tenant INTEGER PRIMARY KEY,
  org_id TEXT NOT NULL,
  environment TEXT NOT NULL,
  -- Counts the observations ever stored for the tenant.
  last_seq INTEGER NOT NULL,
  UNIQUE (org_id, environment)
) STRICT;

CREATE TABLE assets (
  -- Never used twice: what is left of an asset that went must not be found under another.
  asset INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant INTEGER NOT NULL,
  asset_id TEXT NOT NULL,
  type TEXT,
  timestamp_ms INTEGER NOT NULL,
  first_received_ms INTEGER NOT NULL,
  last_received_ms INTEGER NOT NULL,
  -- The newest observation by device time.
  latest_seq INTEGER NOT NULL,
  UNIQUE (tenant, asset_id)
) STRICT;

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
  PRIMARY KEY (tenant, seq),
  -- A retry finds its first try here.
  UNIQUE (tenant, client_id, request_id, item)
) STRICT;

-- For retention alone.
CREATE INDEX observations_by_time ON observations (tenant, timestamp_ms);

CREATE TABLE positions (
  tenant INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  timestamp_ms INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  latitude REAL NOT NULL,
  longitude REAL NOT NULL,
  altitude REAL,
  speed REAL,
  heading REAL,
  accuracy REAL,
  satellites REAL,
  PRIMARY KEY (tenant, asset, timestamp_ms, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE metrics (
  tenant INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  key TEXT NOT NULL,
  timestamp_ms INTEGER NOT NULL,
  -- The device's own number of the envelope; -1 when it sent none.
  sequence INTEGER NOT NULL,
  -- Both 0 where the device numbers, so that the same value sent twice is one row.
  seq INTEGER NOT NULL,
  item INTEGER NOT NULL,
  -- A number, or a boolean as 0 and 1.
  number REAL,
  -- Every value that is no number, JSON.
  json TEXT,
  unit TEXT,
  source TEXT,
  quality TEXT,
  PRIMARY KEY (tenant, asset, key, timestamp_ms, sequence, seq, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  tenant INTEGER NOT NULL,
  timestamp_ms INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  item INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  event_type TEXT NOT NULL,
  severity TEXT,
  payload TEXT NOT NULL,
  PRIMARY KEY (tenant, timestamp_ms, seq, item)
) STRICT;

CREATE INDEX events_of_asset ON events (tenant, asset, timestamp_ms, seq, item);
CREATE INDEX events_of_type ON events (tenant, event_type, timestamp_ms, seq, item);

-- Organizations that keep their data for another time than the installation does.
CREATE TABLE retention (
  org_id TEXT PRIMARY KEY,
  days INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was there comes along.

INSERT INTO tenants (org_id, environment, last_seq)
  SELECT org_id, environment, count(*) FROM observations_0001 GROUP BY org_id, environment;

INSERT INTO assets (tenant, asset_id, type, timestamp_ms, first_received_ms, last_received_ms, latest_seq)
  SELECT tenant, asset_id, type, timestamp_ms, first_received_ms, last_received_ms, 0
  FROM assets_0001 JOIN tenants USING (org_id, environment);

INSERT INTO observations
  SELECT tenant, row_number() OVER (PARTITION BY tenant ORDER BY observation_id), asset,
    o.timestamp_ms, o.received_ms, o.client_id, o.request_id, 0, o.body_digest, o.payload
  FROM observations_0001 o
  JOIN tenants USING (org_id, environment)
  JOIN assets USING (tenant, asset_id)
  ORDER BY observation_id;

UPDATE assets SET latest_seq = (
  SELECT o.seq
  FROM tenants t
  JOIN assets_0001 a ON a.org_id = t.org_id AND a.environment = t.environment
    AND a.asset_id = assets.asset_id
  JOIN observations_0001 b ON b.observation_id = a.latest_observation_id
  JOIN observations o ON o.tenant = t.tenant AND o.client_id = b.client_id
    AND o.request_id = b.request_id AND o.item = 0
  WHERE t.tenant = assets.tenant
);

INSERT INTO positions
  SELECT tenant, asset, timestamp_ms, seq,
    payload ->> '$.gps.latitude', payload ->> '$.gps.longitude', payload ->> '$.gps.altitude',
    payload ->> '$.gps.speed', payload ->> '$.gps.heading',
    coalesce(payload ->> '$.gps.accuracy.horizontal',
      CASE WHEN json_type(payload, '$.gps.accuracy') <> 'object' THEN payload ->> '$.gps.accuracy' END),
    payload ->> '$.gps.satellites'
  FROM observations
  WHERE CASE WHEN json_valid(payload) THEN json_type(payload, '$.gps') = 'object' END;

INSERT OR IGNORE INTO metrics
  SELECT tenant, asset, CASE i.value ->> '$.k' WHEN 'lambda' THEN 'emissions.lambda' ELSE i.value ->> '$.k' END,
    coalesce(CAST(round(unixepoch(i.value ->> '$.ts', 'subsec') * 1000) AS INTEGER), timestamp_ms),
    coalesce(payload ->> '$.metrics.seq', -1),
    CASE WHEN payload ->> '$.metrics.seq' IS NULL THEN seq ELSE 0 END,
    CASE WHEN payload ->> '$.metrics.seq' IS NULL THEN i.key ELSE 0 END,
    CASE WHEN json_type(i.value, '$.v') IN ('integer', 'real', 'true', 'false') THEN i.value ->> '$.v' END,
    CASE WHEN json_type(i.value, '$.v') NOT IN ('integer', 'real') THEN i.value -> '$.v' END,
    i.value ->> '$.u', i.value ->> '$.src', i.value ->> '$.q'
  FROM observations, json_each(CASE WHEN json_valid(payload) THEN payload ELSE '{}' END, '$.metrics.items') i
  WHERE i.type = 'object'
    AND coalesce(json_type(payload, '$.metrics.seq'), 'integer') = 'integer';

INSERT INTO events
  SELECT tenant,
    coalesce(CAST(round(unixepoch(e.value ->> '$.timestamp', 'subsec') * 1000) AS INTEGER), timestamp_ms),
    seq, e.key, asset, e.value ->> '$.event_type', e.value ->> '$.severity', e.value
  FROM observations, json_each(CASE WHEN json_valid(payload) THEN payload ELSE '{}' END, '$.events') e
  WHERE e.type = 'object';

DROP TABLE assets_0001;
DROP TABLE observations_0001;
