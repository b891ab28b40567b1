-- Assets that are being erased. Their row in assets is gone, so that no query finds them and a new report
-- makes a new asset; their other rows go in steps, also after a crash.
CREATE TABLE erasures (
  asset INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  asset_id TEXT NOT NULL
) STRICT;
