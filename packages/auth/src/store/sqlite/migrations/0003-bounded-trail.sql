-- What a retry under its Idempotency-Key is answered with, for a day. It was read from the trail, which
-- now holds only what changed and may be cut.
CREATE TABLE idempotency (
  org_id TEXT NOT NULL,
  environment TEXT NOT NULL,
  key TEXT NOT NULL,
  digest TEXT NOT NULL,
  answer TEXT NOT NULL, -- JSON
  until INTEGER NOT NULL, -- Unix seconds
  PRIMARY KEY (org_id, environment, key)
) STRICT;
CREATE INDEX idempotency_by_end ON idempotency (until);

INSERT INTO idempotency (org_id, environment, key, digest, answer, until)
  SELECT org_id, environment, idempotency_key, json_extract(entry, '$.idempotency.digest'),
    json_extract(entry, '$.after'), unixepoch(json_extract(entry, '$.at')) + 86400
  FROM audit
  WHERE idempotency_key IS NOT NULL AND unixepoch(json_extract(entry, '$.at')) + 86400 > unixepoch();

DROP INDEX audit_by_idempotency_key;
ALTER TABLE audit DROP COLUMN idempotency_key;

-- Zero rows, or one: the signed checkpoint of the last row that retention cut from the trail.
CREATE TABLE audit_base (
  seq INTEGER PRIMARY KEY,
  checkpoint TEXT NOT NULL -- compact JWS
) STRICT;
