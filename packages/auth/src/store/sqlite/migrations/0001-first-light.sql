CREATE TABLE organizations (
  org_id TEXT PRIMARY KEY,
  name TEXT NOT NULL
) STRICT;

CREATE TABLE audiences (
  audience TEXT PRIMARY KEY,
  scopes TEXT NOT NULL, -- JSON array
  token_lifetime_seconds INTEGER NOT NULL,
  signing_alg TEXT NOT NULL
) STRICT;

-- A client is one document; the columns beside it are what is searched by.
CREATE TABLE clients (
  client_id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organizations,
  environment TEXT NOT NULL CHECK (environment IN ('development', 'production')),
  external_id TEXT,
  document TEXT NOT NULL, -- JSON
  UNIQUE (org_id, environment, external_id)
) STRICT;
CREATE INDEX clients_by_tenant ON clients (org_id, environment, client_id);

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  alg TEXT NOT NULL,
  public_jwk TEXT NOT NULL,
  sealed TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

-- The text is what is hashed; what is searched by is read out of it, so that it cannot say otherwise.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  entry TEXT NOT NULL, -- JSON
  hash TEXT NOT NULL,
  org_id TEXT GENERATED ALWAYS AS (json_extract(entry, '$.org_id')) VIRTUAL,
  environment TEXT GENERATED ALWAYS AS (json_extract(entry, '$.environment')) VIRTUAL,
  target_id TEXT GENERATED ALWAYS AS (json_extract(entry, '$.target.id')) VIRTUAL,
  action TEXT GENERATED ALWAYS AS (json_extract(entry, '$.action')) VIRTUAL,
  idempotency_key TEXT GENERATED ALWAYS AS (json_extract(entry, '$.idempotency.key')) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX audit_by_idempotency_key ON audit (org_id, environment, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX audit_by_tenant ON audit (org_id, environment, seq);
CREATE INDEX audit_by_tenant_target ON audit (org_id, environment, target_id, seq);
CREATE INDEX audit_by_tenant_action ON audit (org_id, environment, action, seq);
CREATE INDEX audit_by_target ON audit (target_id, seq);

-- Client assertions that were used, each until nobody would accept it any more.
CREATE TABLE assertions (
  client_id TEXT NOT NULL,
  jti TEXT NOT NULL,
  until INTEGER NOT NULL, -- Unix seconds
  PRIMARY KEY (client_id, jti)
) STRICT, WITHOUT ROWID;
CREATE INDEX assertions_by_end ON assertions (until);

-- Counters, written in batches.
CREATE TABLE client_usage (
  client_id TEXT PRIMARY KEY,
  tokens_issued INTEGER NOT NULL,
  tokens_early INTEGER NOT NULL,
  over_quota INTEGER NOT NULL,
  last_issued_at TEXT,
  living TEXT NOT NULL -- JSON array
) STRICT, WITHOUT ROWID;

CREATE TABLE secret_usage (
  secret_id TEXT PRIMARY KEY,
  uses INTEGER NOT NULL,
  last_used_at TEXT NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT
) STRICT, WITHOUT ROWID;

-- One row that every change counts up, so that other processes notice.
CREATE TABLE revision (value INTEGER NOT NULL) STRICT;
INSERT INTO revision VALUES (0);
