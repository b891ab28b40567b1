-- A key is published, then signs, then only verifies. Those there are sign.
ALTER TABLE signing_keys ADD COLUMN activates_at TEXT;
ALTER TABLE signing_keys ADD COLUMN retires_at TEXT;
UPDATE signing_keys SET activates_at = created_at;

UPDATE clients SET document = json_set(
  document, '$.tokens_revoked_until', NULL, '$.resource_server_for', json('[]'));

-- The change that a client was last changed by, so that whoever keeps it in memory drops it and no other.
ALTER TABLE clients ADD COLUMN changed_by INTEGER NOT NULL DEFAULT 0;
CREATE INDEX clients_by_change ON clients (changed_by) WHERE changed_by > 0;

-- The change that keys or audiences were last changed by, and the place of the newest feed entry.
ALTER TABLE revision ADD COLUMN keys INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN feed_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN feed_id TEXT NOT NULL DEFAULT '';

-- The revocation feed. An entry's id is random: a feed that was restored from a backup counts the same
-- numbers again, and must not take an old cursor for one of its own.
CREATE TABLE revocations (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('token', 'client', 'key')),
  subject TEXT NOT NULL, -- jti, client_id or kid
  client_id TEXT, -- of a token
  issued_until INTEGER, -- of a client, Unix seconds
  expires INTEGER NOT NULL, -- Unix seconds
  UNIQUE (kind, subject)
) STRICT;
CREATE INDEX revocations_by_end ON revocations (expires);
CREATE INDEX revocations_of_client ON revocations (client_id) WHERE client_id IS NOT NULL;

-- Tokens issued to clients that have a quota, in their latest hour and day of UTC.
CREATE TABLE token_quotas (
  client_id TEXT PRIMARY KEY,
  hour INTEGER NOT NULL,
  hour_tokens INTEGER NOT NULL,
  day INTEGER NOT NULL,
  day_tokens INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
