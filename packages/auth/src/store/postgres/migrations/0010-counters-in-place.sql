-- Rows that logins change leave room in their pages for their next version. Where no indexed column has
-- changed, PostgreSQL writes it there, and touches no index.
ALTER TABLE auth.client_usage SET (fillfactor = 80);
ALTER TABLE auth.secret_usage SET (fillfactor = 80);
ALTER TABLE auth.activity SET (fillfactor = 80);
ALTER TABLE auth.client_addresses SET (fillfactor = 80);

-- What is swept is found by the week of its last login, which seldom changes.
DROP INDEX auth.client_addresses_by_last;
ALTER TABLE auth.client_addresses
  ADD COLUMN last_week BIGINT GENERATED ALWAYS AS (last_seen / 604800) STORED;
CREATE INDEX client_addresses_by_week ON auth.client_addresses (last_week);
