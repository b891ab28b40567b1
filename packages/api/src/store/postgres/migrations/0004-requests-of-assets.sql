-- A request id belongs to a client and an asset (ADR 37).

-- Waits for the writers, which lock a row of it first: every observation has its request from here on.
LOCK TABLE telemetry.tenants IN EXCLUSIVE MODE;

ALTER TABLE telemetry.requests DROP CONSTRAINT requests_pkey;
ALTER TABLE telemetry.requests ADD COLUMN asset BIGINT;
-- From the observations. What no longer has one, since its data went, needs no id.
TRUNCATE telemetry.requests;
INSERT INTO telemetry.requests (tenant, client_id, request_id, item, asset, received_ms, body_digest)
  SELECT tenant, client_id, request_id, item, asset, received_ms, body_digest FROM telemetry.observations;
ALTER TABLE telemetry.requests ALTER COLUMN asset SET NOT NULL;
ALTER TABLE telemetry.requests ADD PRIMARY KEY (tenant, client_id, request_id, item, asset);

CREATE OR REPLACE FUNCTION telemetry.note_requests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO telemetry.requests (tenant, client_id, request_id, item, asset, received_ms, body_digest)
    SELECT tenant, client_id, request_id, item, asset, received_ms, body_digest FROM stored;
  RETURN NULL;
END $$;
