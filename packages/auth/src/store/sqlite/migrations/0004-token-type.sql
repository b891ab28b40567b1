-- The typ header of the audience's tokens: at+jwt (RFC 9068), or JWT for verifiers that accept no other.
ALTER TABLE audiences ADD COLUMN token_typ TEXT NOT NULL DEFAULT 'at+jwt';
