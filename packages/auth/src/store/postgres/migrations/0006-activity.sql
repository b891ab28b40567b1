-- Refused requests, for those who look for the cause. The id begins with the time.
CREATE TABLE auth.refusals (
  id TEXT COLLATE "C" PRIMARY KEY,
  org_id TEXT COLLATE "C", -- NULL: of no known tenant
  environment TEXT,
  client_id TEXT COLLATE "C",
  kind TEXT COLLATE "C" NOT NULL,
  endpoint TEXT NOT NULL,
  status BIGINT NOT NULL,
  detail JSON NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT,
  request_id TEXT NOT NULL,
  times BIGINT NOT NULL
);
CREATE INDEX refusals_by_tenant ON auth.refusals (org_id, environment, id);
CREATE INDEX refusals_by_client ON auth.refusals (client_id, id);

-- Tokens and refusals: of a tenant by the hour (client_id is ''), of a client by the day.
CREATE TABLE auth.activity (
  org_id TEXT COLLATE "C" NOT NULL,
  environment TEXT COLLATE "C" NOT NULL,
  client_id TEXT COLLATE "C" NOT NULL,
  start BIGINT NOT NULL, -- Unix seconds
  kind TEXT COLLATE "C" NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (org_id, environment, client_id, start, kind)
);
CREATE INDEX activity_by_start ON auth.activity (start);
