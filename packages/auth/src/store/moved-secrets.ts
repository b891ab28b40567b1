/** Applies moves of secrets to client documents, alike in both adapters. */

import type { Client } from '../records/client.ts'
import type { SecretMove } from './ports/secret-moves.ts'

/** The client with its moved secrets, and how many were moved; 0: nothing to write. */
export function withMovedSecrets(
  client: Client,
  moves: readonly SecretMove[],
): { readonly client: Client; readonly moved: number } {
  let moved = 0
  const secrets = client.secrets.map((secret) => {
    const move = moves.find(
      ({ secret_id, from }) => secret_id === secret.secret_id && from === secret.digest,
    )
    if (move === undefined) return secret
    moved++
    return { ...secret, digest: move.digest, digest_key: move.digest_key }
  })
  return { client: { ...client, secrets }, moved }
}
