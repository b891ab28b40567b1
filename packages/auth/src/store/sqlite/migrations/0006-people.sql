-- The tables of better-auth, which writes them itself. Dates are ISO 8601, booleans 0 or 1.
CREATE TABLE people (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL UNIQUE, -- lower case
  email_verified INTEGER NOT NULL,
  image TEXT,
  two_factor_enabled INTEGER,
  -- 1: cannot sign in, and its sessions are of no use.
  disabled INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE people_sessions (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES people ON DELETE CASCADE,
  token TEXT NOT NULL UNIQUE,
  ip_address TEXT,
  user_agent TEXT,
  expires_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX people_sessions_by_person ON people_sessions (person_id);
CREATE INDEX people_sessions_by_end ON people_sessions (expires_at);

CREATE TABLE people_accounts (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES people ON DELETE CASCADE,
  account_id TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  access_token TEXT,
  refresh_token TEXT,
  id_token TEXT,
  access_token_expires_at TEXT,
  refresh_token_expires_at TEXT,
  scope TEXT,
  password TEXT, -- its hash
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX people_accounts_by_person ON people_accounts (person_id);

CREATE TABLE people_verifications (
  id TEXT PRIMARY KEY,
  identifier TEXT NOT NULL,
  value TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX people_verifications_by_identifier ON people_verifications (identifier);
CREATE INDEX people_verifications_by_end ON people_verifications (expires_at);

CREATE TABLE people_two_factors (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES people ON DELETE CASCADE,
  secret TEXT NOT NULL, -- encrypted
  backup_codes TEXT NOT NULL, -- encrypted
  verified INTEGER,
  failed_verification_count INTEGER,
  locked_until TEXT
) STRICT;
CREATE INDEX people_two_factors_by_person ON people_two_factors (person_id);

-- Membership is authority, so it is ours: read and changed in the units of changes.
CREATE TABLE members (
  org_id TEXT NOT NULL REFERENCES organizations,
  person_id TEXT NOT NULL REFERENCES people ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
  created_at TEXT NOT NULL,
  PRIMARY KEY (org_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_person ON members (person_id);

CREATE TABLE invitations (
  invitation_id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organizations,
  email TEXT NOT NULL, -- lower case
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
  token_digest TEXT NOT NULL UNIQUE, -- SHA-256 of the token in the link
  expires_at TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_organization ON invitations (org_id);
CREATE INDEX invitations_by_end ON invitations (expires_at);
