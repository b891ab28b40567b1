-- The person whose invitation it is, with whom it ends; NULL: a client's or the operator's, or one from before.
ALTER TABLE invitations ADD COLUMN invited_by TEXT;
