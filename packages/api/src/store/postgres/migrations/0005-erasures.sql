-- Assets that are being erased. Their row in assets is gone, so that no query finds them and a new report
-- makes a new asset; their other rows go in steps, also after a crash.
CREATE TABLE telemetry.erasures (
  asset BIGINT PRIMARY KEY,
  tenant BIGINT NOT NULL,
  asset_id TEXT COLLATE "C" NOT NULL
);
