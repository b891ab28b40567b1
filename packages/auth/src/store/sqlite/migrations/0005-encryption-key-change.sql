-- Statements by which the key that signs checkpoints vouches for the ones before it: their checkpoints stay
-- evidence after the encryption key was changed.
CREATE TABLE former_checkpoint_keys (
  kid TEXT PRIMARY KEY,
  voucher TEXT NOT NULL -- compact JWS
) STRICT;

-- The running servers and the encryption keys they know, each row until it is announced again. A change of
-- the key is refused while a server would not know the new one.
CREATE TABLE instances (
  instance_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  key_ids TEXT NOT NULL, -- JSON array
  until INTEGER NOT NULL -- Unix seconds
) STRICT, WITHOUT ROWID;
