-- Old positions and values: rows of one series that follow each other, encoded. Chunks of a series do not overlap.
CREATE TABLE telemetry.series_chunks (
  tenant BIGINT NOT NULL,
  asset BIGINT NOT NULL,
  -- The key of the values; empty for positions.
  series TEXT COLLATE "C" NOT NULL,
  -- What its first row is ordered by; 0 for `sequence` and `item` of positions.
  timestamp_ms BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  item BIGINT NOT NULL,
  -- The time of its last row, which is in the same week.
  last_ms BIGINT NOT NULL,
  data BYTEA NOT NULL,
  PRIMARY KEY (tenant, asset, series, timestamp_ms, sequence, seq, item)
) PARTITION BY RANGE (timestamp_ms);

-- It is compressed already.
ALTER TABLE telemetry.series_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

-- The same partitions as those of the other tables.
DO $$
DECLARE
  part RECORD;
BEGIN
  FOR part IN
    SELECT replace(c.relname, 'observations', 'series_chunks') AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'telemetry.observations'::regclass
  LOOP
    EXECUTE format('CREATE TABLE telemetry.%I PARTITION OF telemetry.series_chunks %s', part.name, part.bound);
  END LOOP;
END $$;
CREATE INDEX series_chunks_past_by_time ON telemetry.series_chunks_past (tenant, timestamp_ms);
