-- Old positions and values: rows of one series that follow each other, encoded. Chunks of a series do not overlap.
CREATE TABLE series_chunks (
  tenant INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  -- The key of the values; empty for positions.
  series TEXT NOT NULL,
  -- What its first row is ordered by; 0 for `sequence` and `item` of positions.
  timestamp_ms INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  item INTEGER NOT NULL,
  -- The time of its last row.
  last_ms INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (tenant, asset, series, timestamp_ms, sequence, seq, item)
) STRICT;
