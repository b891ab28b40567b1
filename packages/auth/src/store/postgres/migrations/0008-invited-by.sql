-- The person whose invitation it is, with whom it ends; NULL: a client's or the operator's, or one from before.
ALTER TABLE auth.invitations ADD COLUMN invited_by text;
