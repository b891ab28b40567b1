/** Registering a client: the rules a new record must keep, and its first secret. */

import { ENVIRONMENTS, type Environment } from '@modulariot/oauth/protocol'
import { type Audience, assertTokenLifetime } from '../audiences/audience.ts'
import { InvalidInput } from '../invalid-input.ts'
import type { Client, Grant, StoredSecret } from './client.ts'
import { createId, createSecret, digestSecret } from './secret.ts'

export interface NewClient {
  readonly name: string
  readonly org_id: string
  readonly environment: Environment
  readonly grants: readonly Grant[]
  readonly token_lifetime_seconds?: number | null
}

/** A client ready to be stored, and the secret to be shown once. */
export interface Registration {
  readonly client: Client
  readonly grants: readonly Grant[]
  readonly secret: StoredSecret
  readonly client_secret: string
}

/**
 * @param audiences the audiences that exist.
 * @param now Unix milliseconds.
 * @throws InvalidInput naming what to change.
 */
export function registerClient(
  input: NewClient,
  audiences: readonly Audience[],
  deps: { digestKey: Uint8Array; now: number },
): Registration {
  const name = input.name.trim()
  if (name === '' || name.length > 200) throw new InvalidInput('name must be 1 to 200 characters')
  if (!ENVIRONMENTS.includes(input.environment)) {
    throw new InvalidInput(`environment must be one of ${ENVIRONMENTS.join(', ')}`)
  }
  const token_lifetime_seconds = input.token_lifetime_seconds ?? null
  if (token_lifetime_seconds !== null) assertTokenLifetime(token_lifetime_seconds)
  if (input.grants.length === 0) throw new InvalidInput('a client needs at least one audience')
  for (const grant of input.grants) assertGrant(grant, audiences)
  assertDistinct(
    'audience',
    input.grants.map(({ audience }) => audience),
  )
  const created_at = new Date(deps.now).toISOString()
  const client_secret = createSecret(input.environment)
  return {
    client: {
      client_id: createId('client'),
      name,
      org_id: input.org_id,
      environment: input.environment,
      status: 'active',
      token_lifetime_seconds,
      created_at,
    },
    grants: input.grants,
    secret: {
      secret_id: createId('secret'),
      digest: digestSecret(client_secret, deps.digestKey),
      created_at,
    },
    client_secret,
  }
}

function assertGrant(grant: Grant, audiences: readonly Audience[]): void {
  const audience = audiences.find((candidate) => candidate.audience === grant.audience)
  if (audience === undefined) {
    const known = audiences.map((candidate) => candidate.audience).join(', ')
    throw new InvalidInput(`there is no audience ${grant.audience}; known: ${known || 'none'}`)
  }
  if (grant.scopes.length === 0) throw new InvalidInput('a grant needs at least one scope')
  for (const scope of grant.scopes) {
    if (!audience.scopes.includes(scope)) {
      throw new InvalidInput(
        `${grant.audience} has no scope ${scope}; known: ${audience.scopes.join(', ')}`,
      )
    }
  }
  assertDistinct('scope', grant.scopes)
}

function assertDistinct(what: string, names: readonly string[]): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) throw new InvalidInput(`name the ${what} ${repeated} once`)
}
