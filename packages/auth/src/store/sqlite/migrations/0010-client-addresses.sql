-- Where each client logged in from lately, for trying out an allowlist.
CREATE TABLE client_addresses (
  client_id TEXT NOT NULL,
  address TEXT NOT NULL,
  first_seen INTEGER NOT NULL, -- Unix seconds
  last_seen INTEGER NOT NULL,
  logins INTEGER NOT NULL,
  PRIMARY KEY (client_id, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_addresses_by_last ON client_addresses (last_seen);
