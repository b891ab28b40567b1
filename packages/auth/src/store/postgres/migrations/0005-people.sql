-- The tables of better-auth, which writes them itself. Dates are ISO 8601, booleans 0 or 1.
CREATE TABLE auth.people (
  id TEXT COLLATE "C" PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT COLLATE "C" NOT NULL UNIQUE, -- lower case
  email_verified BIGINT NOT NULL,
  image TEXT,
  two_factor_enabled BIGINT,
  -- 1: cannot sign in, and its sessions are of no use.
  disabled BIGINT NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE TABLE auth.people_sessions (
  id TEXT COLLATE "C" PRIMARY KEY,
  person_id TEXT COLLATE "C" NOT NULL REFERENCES auth.people ON DELETE CASCADE,
  token TEXT COLLATE "C" NOT NULL UNIQUE,
  ip_address TEXT,
  user_agent TEXT,
  expires_at TEXT COLLATE "C" NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX people_sessions_by_person ON auth.people_sessions (person_id);
CREATE INDEX people_sessions_by_end ON auth.people_sessions (expires_at);

CREATE TABLE auth.people_accounts (
  id TEXT COLLATE "C" PRIMARY KEY,
  person_id TEXT COLLATE "C" NOT NULL REFERENCES auth.people ON DELETE CASCADE,
  account_id TEXT COLLATE "C" NOT NULL,
  provider_id TEXT COLLATE "C" NOT NULL,
  access_token TEXT,
  refresh_token TEXT,
  id_token TEXT,
  access_token_expires_at TEXT,
  refresh_token_expires_at TEXT,
  scope TEXT,
  password TEXT, -- its hash
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX people_accounts_by_person ON auth.people_accounts (person_id);

CREATE TABLE auth.people_verifications (
  id TEXT COLLATE "C" PRIMARY KEY,
  identifier TEXT COLLATE "C" NOT NULL,
  value TEXT NOT NULL,
  expires_at TEXT COLLATE "C" NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX people_verifications_by_identifier ON auth.people_verifications (identifier);
CREATE INDEX people_verifications_by_end ON auth.people_verifications (expires_at);

CREATE TABLE auth.people_two_factors (
  id TEXT COLLATE "C" PRIMARY KEY,
  person_id TEXT COLLATE "C" NOT NULL REFERENCES auth.people ON DELETE CASCADE,
  secret TEXT NOT NULL, -- encrypted
  backup_codes TEXT NOT NULL, -- encrypted
  verified BIGINT,
  failed_verification_count BIGINT,
  locked_until TEXT
);
CREATE INDEX people_two_factors_by_person ON auth.people_two_factors (person_id);

-- Membership is authority, so it is ours: read and changed in the units of changes.
CREATE TABLE auth.members (
  org_id TEXT COLLATE "C" NOT NULL REFERENCES auth.organizations,
  person_id TEXT COLLATE "C" NOT NULL REFERENCES auth.people ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
  created_at TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (org_id, person_id)
);
CREATE INDEX members_by_person ON auth.members (person_id);

CREATE TABLE auth.invitations (
  invitation_id TEXT COLLATE "C" PRIMARY KEY,
  org_id TEXT COLLATE "C" NOT NULL REFERENCES auth.organizations,
  email TEXT COLLATE "C" NOT NULL, -- lower case
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
  token_digest TEXT COLLATE "C" NOT NULL UNIQUE, -- SHA-256 of the token in the link
  expires_at TEXT COLLATE "C" NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX invitations_by_organization ON auth.invitations (org_id);
CREATE INDEX invitations_by_end ON auth.invitations (expires_at);
