/**
 * Use cases for a client's secrets. A client can have several, so that a rotation has an overlap.
 */

import { newSecret } from '../clients/new-client.ts'
import { AdminError, invalidInput } from '../errors/admin-error.ts'
import type { Client, ClientView, StoredSecret } from '../records/client.ts'
import { MAX_OVERLAP_SECONDS, MAX_SECRETS } from '../records/client-limits.ts'
import type { ClientStore } from '../store/ports/clients.ts'
import { type CreatedClient, changeClient, getClient } from './clients.ts'
import type { AdminContext } from './context.ts'
import { parseTime } from './times.ts'

export interface AddedSecret extends CreatedClient {
  readonly client_secret: string
  readonly secret_id: string
}

export interface RotateOptions {
  readonly label: string
  readonly overlapSeconds: number
  readonly onlyReplace?: boolean
}

/** @param expires_at ISO 8601, in the future; null: no end. */
export async function addSecret(
  client_id: string,
  options: { label: string; expires_at: string | null },
  context: AdminContext<ClientStore>,
): Promise<AddedSecret> {
  const expires_at = parseFuture(options.expires_at, context.now())
  const { label } = options
  return addTo(client_id, 'secret.added', { label, expires_at }, ({ secrets }) => secrets, context)
}

/**
 * Adds a secret, and ends all others after the overlap, or at their own end if that is sooner.
 *
 * @param overlapSeconds 0 ends them now.
 * @param onlyReplace refuses a client without a secret, which a rotation would give one beside its
 *   keys.
 */
export async function rotateSecrets(
  client_id: string,
  { label, overlapSeconds, onlyReplace = false }: RotateOptions,
  context: AdminContext<ClientStore>,
): Promise<AddedSecret> {
  if (
    !Number.isInteger(overlapSeconds) ||
    overlapSeconds < 0 ||
    overlapSeconds > MAX_OVERLAP_SECONDS
  ) {
    throw invalidInput('overlap must be from 0 seconds to a year')
  }
  const end = new Date(context.now() + overlapSeconds * 1000).toISOString()
  const endAll = (client: Client): StoredSecret[] => {
    if (onlyReplace) assertReplaceable(client, context.now())
    return client.secrets.map((secret) => ({
      ...secret,
      expires_at: earlier(secret.expires_at, end),
    }))
  }
  return addTo(client_id, 'secret.rotated', { label, expires_at: null }, endAll, context)
}

/** Ends a secret now. */
export async function revokeSecret(
  client_id: string,
  secret_id: string,
  context: AdminContext<ClientStore>,
): Promise<ClientView> {
  const edit = (client: Client): Client => {
    if (!client.secrets.some((secret) => secret.secret_id === secret_id)) {
      throw new AdminError('not_found', `The client has no secret ${secret_id.slice(0, 100)}`)
    }
    const secrets = client.secrets.filter((secret) => secret.secret_id !== secret_id)
    return { ...client, secrets }
  }
  return changeClient(client_id, 'secret.revoked', edit, null, context)
}

async function addTo(
  client_id: string,
  action: 'secret.added' | 'secret.rotated',
  { label, expires_at }: { label: string; expires_at: string | null },
  others: (client: Client) => readonly StoredSecret[],
  context: AdminContext<ClientStore>,
): Promise<AddedSecret> {
  // The prefix depends on the environment, which a client never changes.
  const { environment } = await getClient(client_id, context)
  const deps = { digestKey: context.digestKey, now: context.now() }
  const { secret, client_secret } = newSecret(environment, label, expires_at, deps)
  const edit = (client: Client): Client => {
    const living = others(client).filter((one) => !hasEnded(one, context.now()))
    if (living.length >= MAX_SECRETS) {
      throw new AdminError('conflict', `The client has ${MAX_SECRETS} secrets; revoke one first`)
    }
    return { ...client, secrets: [...living, secret] }
  }
  const client = await changeClient(client_id, action, edit, null, context)
  return { client, secret_id: secret.secret_id, client_secret }
}

/** A secret that has ended, of a client with keys, is none that it uses. */
function assertReplaceable({ secrets, keys, jwks_uri }: Client, nowMs: number): void {
  const signs = keys.length > 0 || jwks_uri !== null
  const hasSecret = signs ? secrets.some((one) => !hasEnded(one, nowMs)) : secrets.length > 0
  if (hasSecret) return
  throw new AdminError('conflict', `It has no secret${signs ? '; it signs assertions' : ''}`)
}

/** @param nowMs Unix milliseconds. */
function hasEnded(secret: StoredSecret, nowMs: number): boolean {
  return secret.expires_at !== null && Date.parse(secret.expires_at) <= nowMs
}

function earlier(one: string | null, other: string): string {
  return one !== null && Date.parse(one) < Date.parse(other) ? one : other
}

function parseFuture(expires_at: string | null, nowMs: number): string | null {
  if (expires_at === null) return null
  const time = parseTime(expires_at, 'expires_at')
  if (Date.parse(time) <= nowMs) throw invalidInput('expires_at must be in the future')
  return time
}
