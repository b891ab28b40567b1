-- Where each client logged in from lately, for trying out an allowlist.
CREATE TABLE auth.client_addresses (
  client_id TEXT COLLATE "C" NOT NULL,
  address TEXT COLLATE "C" NOT NULL,
  first_seen BIGINT NOT NULL, -- Unix seconds
  last_seen BIGINT NOT NULL,
  logins BIGINT NOT NULL,
  PRIMARY KEY (client_id, address)
);
CREATE INDEX client_addresses_by_last ON auth.client_addresses (last_seen);
