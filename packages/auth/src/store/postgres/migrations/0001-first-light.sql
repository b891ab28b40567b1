-- What is compared or ordered is so by its bytes ("C"), as in the embedded store, whatever the database's
-- own order of letters. JSON keeps a text as it was written (JSONB would not).
CREATE TABLE auth.organizations (
  org_id TEXT COLLATE "C" PRIMARY KEY,
  name TEXT NOT NULL
);

CREATE TABLE auth.audiences (
  audience TEXT COLLATE "C" PRIMARY KEY,
  scopes JSON NOT NULL, -- array
  token_lifetime_seconds BIGINT NOT NULL,
  signing_alg TEXT NOT NULL
);

-- A client is one document; the columns beside it are what is searched by.
CREATE TABLE auth.clients (
  client_id TEXT COLLATE "C" PRIMARY KEY,
  org_id TEXT COLLATE "C" NOT NULL REFERENCES auth.organizations,
  environment TEXT NOT NULL CHECK (environment IN ('development', 'production')),
  external_id TEXT COLLATE "C",
  -- The check reads the document, so that one that could not be read is refused.
  document JSON NOT NULL CHECK (document -> 'grants' IS NOT NULL),
  -- The change that it was last changed by, so that whoever keeps it in memory drops it and no other.
  changed_by BIGINT NOT NULL DEFAULT 0,
  UNIQUE (org_id, environment, external_id)
);
CREATE INDEX clients_by_tenant ON auth.clients (org_id, environment, client_id);
CREATE INDEX clients_by_change ON auth.clients (changed_by) WHERE changed_by > 0;

CREATE TABLE auth.signing_keys (
  kid TEXT COLLATE "C" PRIMARY KEY,
  alg TEXT NOT NULL,
  public_jwk JSON NOT NULL,
  sealed TEXT NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL,
  activates_at TEXT,
  retires_at TEXT
);

-- The text is what is hashed; what is searched by is read out of it, so that it cannot say otherwise.
CREATE TABLE auth.audit (
  seq BIGINT PRIMARY KEY,
  entry JSON NOT NULL,
  hash TEXT NOT NULL,
  org_id TEXT COLLATE "C" GENERATED ALWAYS AS (entry ->> 'org_id') STORED,
  environment TEXT COLLATE "C" GENERATED ALWAYS AS (entry ->> 'environment') STORED,
  target_id TEXT COLLATE "C" GENERATED ALWAYS AS (entry -> 'target' ->> 'id') STORED,
  action TEXT COLLATE "C" GENERATED ALWAYS AS (entry ->> 'action') STORED,
  idempotency_key TEXT COLLATE "C" GENERATED ALWAYS AS (entry -> 'idempotency' ->> 'key') STORED
);
CREATE UNIQUE INDEX audit_by_idempotency_key ON auth.audit (org_id, environment, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX audit_by_tenant ON auth.audit (org_id, environment, seq);
CREATE INDEX audit_by_tenant_target ON auth.audit (org_id, environment, target_id, seq);
CREATE INDEX audit_by_tenant_action ON auth.audit (org_id, environment, action, seq);
CREATE INDEX audit_by_target ON auth.audit (target_id, seq);

-- Client assertions that were used, each until nobody would accept it any more.
CREATE TABLE auth.assertions (
  client_id TEXT COLLATE "C" NOT NULL,
  jti TEXT COLLATE "C" NOT NULL,
  until BIGINT NOT NULL, -- Unix seconds
  PRIMARY KEY (client_id, jti)
);
CREATE INDEX assertions_by_end ON auth.assertions (until);

-- Counters, written in batches.
CREATE TABLE auth.client_usage (
  client_id TEXT COLLATE "C" PRIMARY KEY,
  tokens_issued BIGINT NOT NULL,
  tokens_early BIGINT NOT NULL,
  over_quota BIGINT NOT NULL,
  last_issued_at TEXT COLLATE "C",
  living JSON NOT NULL -- array
);

CREATE TABLE auth.secret_usage (
  secret_id TEXT COLLATE "C" PRIMARY KEY,
  uses BIGINT NOT NULL,
  last_used_at TEXT COLLATE "C" NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT
);

-- The revocation feed. An entry's id is random: a feed that was restored from a backup counts the same
-- numbers again, and must not take an old cursor for one of its own.
CREATE TABLE auth.revocations (
  seq BIGINT PRIMARY KEY,
  id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('token', 'client', 'key')),
  subject TEXT COLLATE "C" NOT NULL, -- jti, client_id or kid
  client_id TEXT COLLATE "C", -- of a token
  issued_until BIGINT, -- of a client, Unix seconds
  expires BIGINT NOT NULL, -- Unix seconds
  UNIQUE (kind, subject)
);
CREATE INDEX revocations_by_end ON auth.revocations (expires);
CREATE INDEX revocations_of_client ON auth.revocations (client_id) WHERE client_id IS NOT NULL;

-- Tokens issued to clients that have a quota, in their latest hour and day of UTC. Rows that change all the
-- time leave room in their pages for their next version.
CREATE TABLE auth.token_quotas (
  client_id TEXT COLLATE "C" PRIMARY KEY,
  hour BIGINT NOT NULL,
  hour_tokens BIGINT NOT NULL,
  day BIGINT NOT NULL,
  day_tokens BIGINT NOT NULL
) WITH (fillfactor = 50);

-- One row that every change locks and counts up: changes happen one after the other, and other instances
-- notice. Beside it the change that keys or audiences were last changed by, and the newest feed entry.
CREATE TABLE auth.revision (
  value BIGINT NOT NULL,
  keys BIGINT NOT NULL,
  feed_seq BIGINT NOT NULL,
  feed_id TEXT NOT NULL
);
INSERT INTO auth.revision VALUES (0, 0, 0, '');
