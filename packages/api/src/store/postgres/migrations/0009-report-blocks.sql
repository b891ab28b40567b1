-- Old reports in blocks (ADR 64). `head` and `payloads` are columns of them, see report-blocks/block.ts.
CREATE TABLE telemetry.report_blocks (
  tenant BIGINT NOT NULL,
  -- The block has reports up to this number, after that of the block before.
  until_seq BIGINT NOT NULL,
  reports INTEGER NOT NULL,
  min_ms BIGINT NOT NULL,
  max_ms BIGINT NOT NULL,
  head BYTEA NOT NULL,
  payloads BYTEA NOT NULL,
  PRIMARY KEY (tenant, until_seq)
);
-- They are compressed already.
ALTER TABLE telemetry.report_blocks
  ALTER COLUMN head SET STORAGE EXTERNAL, ALTER COLUMN payloads SET STORAGE EXTERNAL;

-- For retention alone.
CREATE INDEX report_blocks_by_time ON telemetry.report_blocks (tenant, min_ms);
