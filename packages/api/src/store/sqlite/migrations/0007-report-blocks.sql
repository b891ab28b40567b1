-- Old reports in blocks (ADR 64). `head` and `payloads` are columns of them, see report-blocks/block.ts.
CREATE TABLE report_blocks (
  tenant INTEGER NOT NULL,
  -- The block has reports up to this number, after that of the block before.
  until_seq INTEGER NOT NULL,
  reports INTEGER NOT NULL,
  min_ms INTEGER NOT NULL,
  max_ms INTEGER NOT NULL,
  head BLOB NOT NULL,
  payloads BLOB NOT NULL,
  PRIMARY KEY (tenant, until_seq)
) STRICT;

-- For retention alone.
CREATE INDEX report_blocks_by_time ON report_blocks (tenant, min_ms);
-- What remains in the table is young, or the newest of its asset.
DROP INDEX observations_by_time;
