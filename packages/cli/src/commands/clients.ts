/** `miot clients create|list|show`: works on the store directly, while the server runs or not. */

import { type Client, type ClientRecord, type Grant, registerClient } from '@modulariot/auth'
import type { Environment } from '@modulariot/oauth/protocol'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { openInstallation } from '../installation.ts'
import { properties, table } from '../output.ts'

export interface CreateOptions {
  readonly name: string
  readonly environment: Environment
  readonly audience?: string
  readonly scope?: readonly string[]
  readonly tokenLifetime?: number
  readonly org?: string
}

export async function createClient(context: Context, options: CreateOptions): Promise<void> {
  const config = context.config()
  const { keys, store } = openInstallation(config)
  try {
    const audiences = await store.listAudiences()
    const name = options.audience ?? config.apiAudience
    const audience = audiences.find((candidate) => candidate.audience === name)
    const grant: Grant = { audience: name, scopes: options.scope ?? audience?.scopes ?? [] }
    const { client_secret, ...rows } = registerClient(
      {
        name: options.name,
        org_id: await chooseOrganization(await store.listOrganizations(), options.org),
        environment: options.environment,
        grants: [grant],
        token_lifetime_seconds: options.tokenLifetime ?? null,
      },
      audiences,
      { digestKey: keys.secretDigest, now: Date.now() },
    )
    await store.createClient(rows)
    const credentials = {
      client_id: rows.client.client_id,
      client_secret,
      audience: name,
      grant_type: 'client_credentials',
      token_url: `${config.issuer}/api/v1/login`,
    }
    context.output.print(
      credentials,
      () => `${properties(Object.entries(credentials))}\n\nThe secret is shown this once.`,
    )
  } finally {
    await store.close()
  }
}

export async function listClients(context: Context): Promise<void> {
  const { store } = openInstallation(context.config())
  try {
    const clients: Client[] = []
    let after: string | null = null
    do {
      const page = await store.listClients({ after, limit: 500 })
      clients.push(...page.clients)
      after = page.next
    } while (after !== null)
    context.output.print({ clients }, () =>
      table(
        ['CLIENT ID', 'NAME', 'ENVIRONMENT', 'STATUS', 'CREATED'],
        clients.map((one) => [
          one.client_id,
          one.name,
          one.environment,
          one.status,
          one.created_at.slice(0, 19).replace('T', ' '),
        ]),
      ),
    )
  } finally {
    await store.close()
  }
}

export async function showClient(context: Context, client_id: string): Promise<void> {
  const { store } = openInstallation(context.config())
  try {
    const record = await store.findClient(client_id)
    if (record === null) {
      throw new CliError('not_found', `There is no client ${client_id}; see miot clients list`)
    }
    const shown = withoutDigests(record)
    context.output.print(shown, () => describe(record))
  } finally {
    await store.close()
  }
}

/** Even a digest helps nobody who may see this. */
function withoutDigests(record: ClientRecord) {
  const secrets = record.secrets.map(({ secret_id, created_at }) => ({ secret_id, created_at }))
  return { ...record, secrets }
}

function describe(record: ClientRecord): string {
  const lifetime = record.token_lifetime_seconds
  return properties([
    ['client_id', record.client_id],
    ['name', record.name],
    ['org_id', record.org_id],
    ['environment', record.environment],
    ['status', record.status],
    ['created_at', record.created_at],
    ['token lifetime', lifetime === null ? 'as the audience says' : `${lifetime} s`],
    ...record.grants.map(
      ({ audience, scopes }) => ['granted', `${audience}: ${scopes.join(' ')}`] as const,
    ),
    ...record.secrets.map(
      ({ secret_id, created_at }) => ['secret', `${secret_id}, made ${created_at}`] as const,
    ),
  ])
}

async function chooseOrganization(
  organizations: readonly { org_id: string }[],
  wanted: string | undefined,
): Promise<string> {
  const ids = organizations.map(({ org_id }) => org_id)
  if (wanted !== undefined) {
    if (ids.includes(wanted)) return wanted
    throw new CliError('not_found', `There is no organization ${wanted}; known: ${ids.join(', ')}`)
  }
  const [only] = ids
  if (only === undefined)
    throw new CliError('not_found', 'Run miot serve first: it makes the organization')
  if (ids.length > 1)
    throw new CliError('usage', `Say which organization with --org: ${ids.join(', ')}`)
  return only
}
