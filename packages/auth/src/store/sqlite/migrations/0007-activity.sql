-- Refused requests, for those who look for the cause. The id begins with the time.
CREATE TABLE refusals (
  id TEXT PRIMARY KEY,
  org_id TEXT, -- NULL: of no known tenant
  environment TEXT,
  client_id TEXT,
  kind TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  status INTEGER NOT NULL,
  detail TEXT NOT NULL, -- JSON
  address TEXT NOT NULL,
  user_agent TEXT,
  request_id TEXT NOT NULL,
  times INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX refusals_by_tenant ON refusals (org_id, environment, id);
CREATE INDEX refusals_by_client ON refusals (client_id, id);

-- Tokens and refusals: of a tenant by the hour (client_id is ''), of a client by the day.
CREATE TABLE activity (
  org_id TEXT NOT NULL,
  environment TEXT NOT NULL,
  client_id TEXT NOT NULL,
  start INTEGER NOT NULL, -- Unix seconds
  kind TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (org_id, environment, client_id, start, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX activity_by_start ON activity (start);
