-- What clients are searched by, in one index that is read without the documents. search_text is the name, the
-- client_id and the external_id in lower case; NULL, for a name in other letters than ASCII, means: see the
-- document.
ALTER TABLE clients ADD COLUMN search_text TEXT;
UPDATE clients SET search_text = lower(
    json_extract(document, '$.name') || char(10) || client_id || char(10) || coalesce(external_id, ''))
  WHERE NOT json_extract(document, '$.name') GLOB '*[^ -~]*' AND NOT client_id GLOB '*[^ -~]*';
ALTER TABLE clients ADD COLUMN status TEXT GENERATED ALWAYS AS (json_extract(document, '$.status')) VIRTUAL;
ALTER TABLE clients ADD COLUMN tags TEXT GENERATED ALWAYS AS (json_extract(document, '$.tags')) VIRTUAL;
ALTER TABLE clients ADD COLUMN created_at TEXT GENERATED ALWAYS AS (json_extract(document, '$.created_at')) VIRTUAL;
DROP INDEX clients_by_tenant;
CREATE INDEX clients_by_tenant
  ON clients (org_id, environment, client_id, status, created_at, tags, search_text);

-- Counters that were written after their client or secret was deleted.
DELETE FROM client_usage WHERE client_id NOT IN (SELECT client_id FROM clients);
DELETE FROM secret_usage WHERE secret_id NOT IN (
  SELECT json_extract(s.value, '$.secret_id') FROM clients c, json_each(c.document, '$.secrets') s);
