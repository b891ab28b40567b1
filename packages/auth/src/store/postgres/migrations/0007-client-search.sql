-- The name, the client_id and the external_id in lower case, which clients are searched by; NULL, for a name
-- in other letters than ASCII, means: see the document.
ALTER TABLE auth.clients
  ADD COLUMN search_text TEXT COLLATE "C",
  -- Beside the document, which would be parsed for each client that a search looks at.
  ADD COLUMN status TEXT COLLATE "C" GENERATED ALWAYS AS (document ->> 'status') STORED,
  ADD COLUMN tags TEXT COLLATE "C" GENERATED ALWAYS AS (document ->> 'tags') STORED,
  ADD COLUMN created_at TEXT COLLATE "C" GENERATED ALWAYS AS (document ->> 'created_at') STORED;
UPDATE auth.clients SET search_text = lower(
    (document ->> 'name') || E'\n' || client_id || E'\n' || coalesce(external_id, ''))
  WHERE document ->> 'name' ~ '^[ -~]*$' AND client_id ~ '^[ -~]*$';

-- The external_id first: before its first ANALYZE a table has no statistics, and the index that begins with
-- the tenant looked as good for one external_id as this one, so that a bulk registration read all clients of
-- the tenant for each line.
ALTER TABLE auth.clients DROP CONSTRAINT clients_org_id_environment_external_id_key;
ALTER TABLE auth.clients ADD UNIQUE (external_id, org_id, environment);

-- Counters that were written after their client or secret was deleted.
DELETE FROM auth.client_usage u
  WHERE NOT EXISTS (SELECT 1 FROM auth.clients c WHERE c.client_id = u.client_id);
DELETE FROM auth.secret_usage WHERE secret_id NOT IN (
  SELECT s ->> 'secret_id' FROM auth.clients c, json_array_elements(c.document -> 'secrets') s);
