-- What a retry under its Idempotency-Key is answered with, for a day. It was read from the trail, which
-- now holds only what changed and may be cut.
CREATE TABLE auth.idempotency (
  org_id TEXT COLLATE "C" NOT NULL,
  environment TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  digest TEXT NOT NULL,
  answer JSON NOT NULL,
  until BIGINT NOT NULL, -- Unix seconds
  PRIMARY KEY (org_id, environment, key)
);
CREATE INDEX idempotency_by_end ON auth.idempotency (until);

INSERT INTO auth.idempotency (org_id, environment, key, digest, answer, until)
  SELECT org_id, environment, idempotency_key, entry -> 'idempotency' ->> 'digest', entry -> 'after',
    floor(extract(epoch FROM (entry ->> 'at')::timestamptz))::bigint + 86400
  FROM auth.audit
  WHERE idempotency_key IS NOT NULL AND (entry ->> 'at')::timestamptz > now() - interval '1 day';

DROP INDEX auth.audit_by_idempotency_key;
ALTER TABLE auth.audit DROP COLUMN idempotency_key;

-- Zero rows, or one: the signed checkpoint of the last row that retention cut from the trail.
CREATE TABLE auth.audit_base (
  seq BIGINT PRIMARY KEY,
  checkpoint TEXT NOT NULL -- compact JWS
);
