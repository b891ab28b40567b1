-- Requests by a hash, in a table that is written without a trigger (ADR 64).

-- Waits for the writers, which lock a row of it first: every observation has its request from here on.
LOCK TABLE telemetry.tenants IN EXCLUSIVE MODE;

-- What request-hash.ts computes.
CREATE FUNCTION telemetry.request_hash(client_id TEXT, request_id TEXT, item BIGINT) RETURNS BYTEA
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT substring(sha256(convert_to(
      item || ' ' || octet_length(client_id) || ' ' || client_id || request_id, 'UTF8')) FOR 16)
  $$;

DROP TRIGGER note_requests ON telemetry.observations;
DROP FUNCTION telemetry.note_requests();
ALTER TABLE telemetry.requests RENAME TO requests_0006;
ALTER TABLE telemetry.requests_0006 RENAME CONSTRAINT requests_pkey TO requests_0006_pkey;

-- Columns of a fixed length first, which takes less space.
CREATE TABLE telemetry.requests (
  tenant BIGINT NOT NULL,
  asset BIGINT NOT NULL,
  -- The day, since 1970.
  received INTEGER NOT NULL,
  -- Of client, request id and item.
  hash BYTEA NOT NULL,
  -- The first bytes of the body's.
  digest BYTEA NOT NULL
);
INSERT INTO telemetry.requests (tenant, asset, received, hash, digest)
  SELECT tenant, asset, received_ms / 86400000, telemetry.request_hash(client_id, request_id, item),
    substring(body_digest FOR 8)
  FROM telemetry.requests_0006;
ALTER TABLE telemetry.requests ADD PRIMARY KEY (tenant, hash, asset);
DROP TABLE telemetry.requests_0006;

-- Expired requests of earlier days have been deleted.
ALTER TABLE telemetry.tenants ADD COLUMN requests_from INTEGER NOT NULL DEFAULT 0;

-- As before (migration 0006), with the hash in place of what it is computed from.
--
-- r_…: a report each. `r_tenant` is its place in `orgs` and `environments`, which are distinct and in order;
-- `r_first` the place of the first report of the batch with the same request, null for that one.
-- p_…, m_…, e_…: a position, a value, an event each, with the place of its report.
--
-- Returns a letter for each report: stored, replayed or conflict.
CREATE FUNCTION telemetry.append(
  orgs TEXT[], environments TEXT[],
  r_tenant INT[], r_hash BYTEA[], r_first INT[], r_digest BYTEA[], r_asset_id TEXT[], r_type TEXT[],
  r_timestamp_ms BIGINT[], r_received_ms BIGINT[], r_payload TEXT[],
  p_report INT[], p_latitude FLOAT8[], p_longitude FLOAT8[], p_altitude FLOAT8[], p_speed FLOAT8[],
  p_heading FLOAT8[], p_accuracy FLOAT8[], p_satellites FLOAT8[],
  m_report INT[], m_key TEXT[], m_timestamp_ms BIGINT[], m_sequence BIGINT[], m_item BIGINT[],
  m_number FLOAT8[], m_json TEXT[], m_unit TEXT[], m_source TEXT[], m_quality TEXT[],
  e_report INT[], e_timestamp_ms BIGINT[], e_item BIGINT[], e_type TEXT[], e_severity TEXT[], e_payload TEXT[]
) RETURNS TEXT LANGUAGE plpgsql
-- Planned once a connection. Rows of the arguments are joined by hashing, however few the planner expects.
SET plan_cache_mode = force_generic_plan
-- Before PostgreSQL 18 that makes every plan look expensive, and so worth seconds of compilation.
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  locked RECORD;
  tenant_of BIGINT[];
  last_seq_of BIGINT[];
  tenants BIGINT[];
  assets BIGINT[];
  seqs BIGINT[];
  outcomes TEXT;
BEGIN
  -- 1. Lock the tenants, which come in the same order from all. What follows sees all that was stored before.
  FOR place IN 1 .. cardinality(orgs) LOOP
    LOOP
      SELECT t.tenant, t.last_seq INTO locked
        FROM telemetry.tenants t
        WHERE t.org_id = orgs[place] AND t.environment = environments[place] FOR UPDATE;
      EXIT WHEN FOUND;
      INSERT INTO telemetry.tenants (org_id, environment, last_seq)
        VALUES (orgs[place], environments[place], 0) ON CONFLICT DO NOTHING;
    END LOOP;
    tenant_of[place] := locked.tenant;
    last_seq_of[place] := locked.last_seq;
  END LOOP;

  -- 2. Which are new, and what is the state of their assets then? One is a retry, or a conflict, when its
  -- request is stored or comes before in the batch.
  WITH sent AS MATERIALIZED (
    SELECT r.*, a.asset, a.type AS old_type, a.timestamp_ms AS old_timestamp_ms,
      a.last_received_ms AS old_received_ms, a.latest_seq AS old_seq,
      coalesce(q.digest, r_digest[r.first]) AS first_digest
    FROM unnest(r_tenant, r_hash, r_first, r_digest, r_asset_id, r_type, r_timestamp_ms, r_received_ms)
        WITH ORDINALITY AS r (tenant, hash, first, digest, asset_id, type, timestamp_ms, received_ms, place)
      LEFT JOIN LATERAL (
        SELECT * FROM telemetry.assets a
        WHERE a.tenant = tenant_of[r.tenant] AND a.asset_id = r.asset_id LIMIT 1) AS a ON true
      LEFT JOIN LATERAL (
        SELECT q.digest FROM telemetry.requests q
        WHERE q.tenant = tenant_of[r.tenant] AND q.hash = r.hash AND q.asset = a.asset LIMIT 1) AS q ON true
  ),
  stored AS MATERIALIZED (
    SELECT sent.*, last_seq_of[tenant] + row_number() OVER (PARTITION BY tenant ORDER BY place) AS seq,
      (timestamp_ms >= greatest(old_timestamp_ms, max(timestamp_ms) OVER before)) IS NOT FALSE AS is_newest
    FROM sent WHERE first_digest IS NULL
    WINDOW before AS (
      PARTITION BY tenant, asset_id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ),
  -- Late data fills in a missing type, but does not replace what is newer.
  states AS (
    INSERT INTO telemetry.assets AS a (tenant, asset_id, type, timestamp_ms, first_received_ms,
        last_received_ms, latest_seq)
      SELECT tenant_of[tenant], asset_id,
        coalesce(
          (array_agg(type ORDER BY place DESC) FILTER (WHERE is_newest AND type IS NOT NULL))[1],
          max(old_type),
          (array_agg(type ORDER BY place) FILTER (WHERE type IS NOT NULL))[1]),
        greatest(max(old_timestamp_ms), max(timestamp_ms)),
        (array_agg(received_ms ORDER BY place))[1],
        greatest(max(old_received_ms), max(received_ms)),
        coalesce(max(seq) FILTER (WHERE is_newest), max(old_seq))
      FROM stored GROUP BY tenant, asset_id ORDER BY 1, 2
      ON CONFLICT (tenant, asset_id) DO UPDATE SET
        type = excluded.type,
        timestamp_ms = excluded.timestamp_ms,
        last_received_ms = excluded.last_received_ms,
        latest_seq = excluded.latest_seq
      RETURNING a.tenant, a.asset_id, a.asset
  )
  SELECT array_agg(states.tenant ORDER BY sent.place), array_agg(states.asset ORDER BY sent.place),
      array_agg(stored.seq ORDER BY sent.place),
      string_agg(CASE WHEN sent.first_digest IS NULL THEN 's' WHEN sent.first_digest = sent.digest THEN 'r'
        ELSE 'c' END, '' ORDER BY sent.place)
    INTO tenants, assets, seqs, outcomes
    FROM sent LEFT JOIN stored USING (place)
      LEFT JOIN states ON states.tenant = tenant_of[stored.tenant] AND states.asset_id = stored.asset_id;
  IF position('s' IN outcomes) = 0 THEN
    RETURN outcomes;
  END IF;

  -- 3. Store them, and their parts.
  UPDATE telemetry.tenants t SET last_seq = counted.last_seq
    FROM (SELECT tenant, max(seq) AS last_seq FROM unnest(tenants, seqs) AS stored (tenant, seq) GROUP BY 1)
      AS counted
    WHERE t.tenant = counted.tenant;
  INSERT INTO telemetry.requests (tenant, asset, received, hash, digest)
    SELECT tenants[place], assets[place], received_ms / 86400000, hash, digest
    FROM unnest(r_received_ms, r_hash, r_digest) WITH ORDINALITY AS r (received_ms, hash, digest, place)
    WHERE seqs[place] IS NOT NULL;
  INSERT INTO telemetry.observations (tenant, seq, asset, timestamp_ms, received_ms, payload)
    SELECT tenants[place], seqs[place], assets[place], timestamp_ms, received_ms, payload
    FROM unnest(r_timestamp_ms, r_received_ms, r_payload)
      WITH ORDINALITY AS r (timestamp_ms, received_ms, payload, place)
    WHERE seqs[place] IS NOT NULL;
  IF cardinality(p_report) > 0 THEN
    INSERT INTO telemetry.positions
      SELECT tenants[report], assets[report], r_timestamp_ms[report], seqs[report], latitude, longitude,
        altitude, speed, heading, accuracy, satellites
      FROM unnest(p_report, p_latitude, p_longitude, p_altitude, p_speed, p_heading, p_accuracy, p_satellites)
        AS p (report, latitude, longitude, altitude, speed, heading, accuracy, satellites)
      WHERE seqs[report] IS NOT NULL;
  END IF;
  IF cardinality(m_report) > 0 THEN
    INSERT INTO telemetry.metrics
      SELECT tenants[report], assets[report], key, timestamp_ms, sequence,
        CASE sequence WHEN -1 THEN seqs[report] ELSE 0 END, item, number, json, unit, source, quality
      FROM unnest(m_report, m_key, m_timestamp_ms, m_sequence, m_item, m_number, m_json, m_unit, m_source,
          m_quality) AS m (report, key, timestamp_ms, sequence, item, number, json, unit, source, quality)
      WHERE seqs[report] IS NOT NULL
      ON CONFLICT DO NOTHING;
  END IF;
  IF cardinality(e_report) > 0 THEN
    INSERT INTO telemetry.events (tenant, timestamp_ms, seq, item, asset, event_type, severity, payload)
      SELECT tenants[report], timestamp_ms, seqs[report], item, assets[report], type, severity, payload
      FROM unnest(e_report, e_timestamp_ms, e_item, e_type, e_severity, e_payload)
        AS e (report, timestamp_ms, item, type, severity, payload)
      WHERE seqs[report] IS NOT NULL;
  END IF;
  RETURN outcomes;
END $$;

-- For instances of the version before, which go on storing reports until they are restarted.
CREATE OR REPLACE FUNCTION telemetry.append(
  orgs TEXT[], environments TEXT[],
  r_tenant INT[], r_client_id TEXT[], r_request_id TEXT[], r_item BIGINT[], r_first INT[], r_digest BYTEA[],
  r_asset_id TEXT[], r_type TEXT[], r_timestamp_ms BIGINT[], r_received_ms BIGINT[], r_payload TEXT[],
  p_report INT[], p_latitude FLOAT8[], p_longitude FLOAT8[], p_altitude FLOAT8[], p_speed FLOAT8[],
  p_heading FLOAT8[], p_accuracy FLOAT8[], p_satellites FLOAT8[],
  m_report INT[], m_key TEXT[], m_timestamp_ms BIGINT[], m_sequence BIGINT[], m_item BIGINT[],
  m_number FLOAT8[], m_json TEXT[], m_unit TEXT[], m_source TEXT[], m_quality TEXT[],
  e_report INT[], e_timestamp_ms BIGINT[], e_item BIGINT[], e_type TEXT[], e_severity TEXT[], e_payload TEXT[]
) RETURNS TEXT LANGUAGE plpgsql AS $$
BEGIN
  RETURN telemetry.append(orgs, environments, r_tenant,
    ARRAY(SELECT telemetry.request_hash(client_id, request_id, item)
      FROM unnest(r_client_id, r_request_id, r_item) WITH ORDINALITY AS r (client_id, request_id, item, place)
      ORDER BY place),
    r_first,
    ARRAY(SELECT substring(digest FOR 8) FROM unnest(r_digest) WITH ORDINALITY AS r (digest, place)
      ORDER BY place),
    r_asset_id, r_type, r_timestamp_ms, r_received_ms, r_payload,
    p_report, p_latitude, p_longitude, p_altitude, p_speed, p_heading, p_accuracy, p_satellites,
    m_report, m_key, m_timestamp_ms, m_sequence, m_item, m_number, m_json, m_unit, m_source, m_quality,
    e_report, e_timestamp_ms, e_item, e_type, e_severity, e_payload);
END $$;

-- Last, since readers wait for it.
ALTER TABLE telemetry.observations
  DROP COLUMN client_id, DROP COLUMN request_id, DROP COLUMN item, DROP COLUMN body_digest;
