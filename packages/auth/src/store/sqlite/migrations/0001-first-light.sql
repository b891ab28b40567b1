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

CREATE TABLE clients (
  client_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  org_id TEXT NOT NULL REFERENCES organizations,
  environment TEXT NOT NULL CHECK (environment IN ('development', 'production')),
  status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
  token_lifetime_seconds INTEGER,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE grants (
  client_id TEXT NOT NULL REFERENCES clients,
  audience TEXT NOT NULL REFERENCES audiences,
  scopes TEXT NOT NULL, -- JSON array
  PRIMARY KEY (client_id, audience)
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
  secret_id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients,
  digest TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX secrets_by_client ON secrets (client_id);

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  alg TEXT NOT NULL,
  public_jwk TEXT NOT NULL,
  sealed TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

-- One row that every change counts up, so that other processes notice.
CREATE TABLE revision (value INTEGER NOT NULL) STRICT;
INSERT INTO revision VALUES (0);
