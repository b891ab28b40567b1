-- Statements by which the key that signs checkpoints vouches for the ones before it: their checkpoints stay
-- evidence after the encryption key was changed.
CREATE TABLE auth.former_checkpoint_keys (
  kid TEXT COLLATE "C" PRIMARY KEY,
  voucher TEXT NOT NULL -- compact JWS
);

-- The running servers and the encryption keys they know, each row until it is announced again. A change of
-- the key is refused while a server would not know the new one.
CREATE TABLE auth.instances (
  instance_id TEXT COLLATE "C" PRIMARY KEY,
  name TEXT NOT NULL,
  key_ids JSON NOT NULL, -- JSON array
  until BIGINT NOT NULL -- Unix seconds
);
