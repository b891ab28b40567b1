-- Which keys an asset has: to look for them in the values would be a look into every partition for each.
CREATE TABLE telemetry.metric_keys (
  tenant BIGINT NOT NULL,
  asset BIGINT NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, asset, key)
);

INSERT INTO telemetry.metric_keys SELECT DISTINCT tenant, asset, key FROM telemetry.metrics;

CREATE FUNCTION telemetry.note_metric_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO telemetry.metric_keys SELECT DISTINCT tenant, asset, key FROM stored
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER note_metric_keys AFTER INSERT ON telemetry.metrics
  REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION telemetry.note_metric_keys();

-- Of two values with one number both are kept. Rows from before have 0.
COMMENT ON COLUMN telemetry.metrics.item IS 'its place in the report, or a hash of the value where the device numbers';
