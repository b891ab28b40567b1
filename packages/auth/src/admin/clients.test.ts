import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { ClientChange, ClientInput } from '../clients/new-client.ts'
import { AdminError, type AdminErrorCode } from '../errors/admin-error.ts'
import type { AuditEntry } from '../records/audit-entry.ts'
import type { Client, ClientView } from '../records/client.ts'
import { SAMPLE_TIME, sampleClient, sampleSecret } from '../testing/sample-client.ts'
import { ADMIN, API, type Installation, openInstallation } from '../testing/sample-installation.ts'
import {
  changeClient,
  checkClients,
  createClient,
  createClients,
  getClient,
  listClients,
  updateClient,
} from './clients.ts'
import { type AdminContext, auditedClient } from './context.ts'
import { nextToken } from './next-token.ts'
import { addSecret, revokeSecret, rotateSecrets } from './secrets.ts'
import { listAddresses, listSecrets, usageOfClient } from './usage.ts'

let place: Installation
let admin: AdminContext
const INPUT: ClientInput = { name: 'Truck', grants: [{ audience: API, scopes: ['read'] }] }

beforeEach(async () => {
  place = await openInstallation()
  admin = place.caller(place.acme)
})
afterEach(() => place.close())

async function make(input: Partial<ClientInput> = {}, context = admin): Promise<ClientView> {
  return (await createClient({ ...INPUT, ...input, ...place.acme }, context)).client
}

async function refused(
  doing: Promise<unknown>,
  code: AdminErrorCode,
  what: string = code,
): Promise<string> {
  const error = await doing.then(
    () => assert.fail(`was not refused: ${what}`),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof AdminError, String(error))
  assert.equal(error.code, code, what)
  return error.message
}

/** Newest first. */
async function trail(): Promise<AuditEntry[]> {
  const rows = await place.store.listAudit({ before: null, limit: 100 })
  return rows.map(({ entry }) => JSON.parse(entry) as AuditEntry)
}

describe('creating a client', () => {
  it('shows its secret once, and then neither secret nor digest', async () => {
    const { client, client_secret } = await createClient({ ...INPUT, ...place.acme }, admin)
    assert.match(client_secret ?? '', /^miot_dev_/)
    const digest = (await place.store.findClient(client.client_id))?.secrets[0]?.digest
    const shown = [client, await getClient(client.client_id, admin), await trail()]
    for (const text of [client_secret, digest, '"digest":"']) {
      assert.ok(!JSON.stringify(shown).includes(text ?? assert.fail('nothing to look for')))
    }
  })

  it('is in the trail, with the actor and its address', async () => {
    const client = await make()
    const [entry] = await trail()
    assert.deepEqual(entry, {
      seq: entry?.seq,
      at: new Date(place.clock.now).toISOString(),
      actor: { kind: 'client', client_id: 'client_caller' },
      action: 'client.created',
      target: { type: 'client', id: client.client_id },
      ...place.acme,
      address: '192.0.2.1',
      request_id: 'request_1',
      idempotency: null,
      before: null,
      after: client,
    })
  })

  it('with an external_id that is taken names the client that has it', async () => {
    const { client_id } = await make({ external_id: 'ERP-1' })
    const message = await refused(make({ external_id: 'ERP-1' }), 'conflict')
    assert.match(message, new RegExp(`ERP-1 .*${client_id}`))
    assert.equal((await listClients({ after: null, limit: 10 }, admin)).clients.length, 1)
  })

  it('is refused in a tenant other than one’s own', async () => {
    for (const [what, tenant] of Object.entries(place.strangers)) {
      await refused(createClient({ ...INPUT, ...tenant }, admin), 'invalid_input', what)
      assert.ok(await createClient({ ...INPUT, ...tenant }, place.operator))
    }
  })
})

describe('changing a client', () => {
  it('adds to the trail what changed, not the whole client', async () => {
    const each = Array.from({ length: 50 }, (_, index) => `${index}`)
    const modulus = randomBytes(256).toString('base64url')
    const created_at = SAMPLE_TIME
    const large = sampleClient({
      ...place.acme,
      keys: each.map((kid) => ({ kid, alg: 'RS256', created_at, jwk: { kty: 'RSA', n: modulus } })),
      secrets: each.map((secret_id) => sampleSecret(secret_id)),
      grants: each.map((name) => ({ audience: `https://${name}.example`, scopes: ['read'] })),
    })
    await place.store.createClients([auditedClient(admin, 'client.created', null, large, {})])
    const patch = '{"name":"ab"}'
    assert.equal(patch.length, 13)
    await updateClient(large.client_id, JSON.parse(patch), null, admin)
    const [row] = await place.store.listAudit({ before: null, limit: 1 })
    const bytes = Buffer.byteLength(row?.entry ?? assert.fail('no entry'))
    assert.ok(bytes < 1024, `${bytes} bytes`)
  })

  it('increments its version, and keeps members that are not named', async () => {
    const before = await make({ tags: ['a'] })
    place.clock.now += 1000
    const after = await updateClient(before.client_id, { name: 'Van' }, null, admin)
    const updated_at = new Date(place.clock.now).toISOString()
    assert.deepEqual(after, { ...before, name: 'Van', version: 2, updated_at })
    assert.deepEqual(await getClient(before.client_id, admin), after)
    const [entry] = await trail()
    assert.deepEqual(entry?.before, { name: 'Truck', updated_at: before.updated_at, version: 1 })
    assert.deepEqual(entry?.after, { name: 'Van', updated_at, version: 2 })
  })

  it('has a matching action in the trail', async () => {
    const { client_id } = await make()
    const changes: [ClientChange, string][] = [
      [{ status: 'disabled' }, 'client.disabled'],
      [{ status: 'active' }, 'client.enabled'],
      [{ status: 'disabled', name: 'Van' }, 'client.updated'],
      [{ tags: ['a'] }, 'client.updated'],
    ]
    for (const [change, action] of changes) {
      const { status } = await updateClient(client_id, change, null, admin)
      assert.equal(status, change.status ?? 'disabled')
      assert.equal((await trail())[0]?.action, action)
    }
  })

  it('can be conditional on the version the caller has seen', async () => {
    const { client_id } = await make()
    await updateClient(client_id, { name: 'Van' }, 1, admin)
    const late = updateClient(client_id, { name: 'Late' }, 1, admin)
    assert.match(await refused(late, 'precondition_failed'), /its version is 2/)
    assert.equal((await getClient(client_id, admin)).name, 'Van')
  })

  it('that is invalid changes nothing', async () => {
    const before = await make()
    const entries = (await trail()).length
    const nowhere = [{ audience: 'https://nowhere.example', scopes: ['read'] }]
    for (const change of [{ name: ' ' }, { grants: [] }, { grants: nowhere }, { tags: ['a b'] }]) {
      const doing = updateClient(before.client_id, change, null, admin)
      await refused(doing, 'invalid_input', JSON.stringify(change))
    }
    assert.deepEqual(await getClient(before.client_id, admin), before)
    assert.equal((await trail()).length, entries)
  })
})

type OfClient = Record<string, (client_id: string, context: AdminContext) => Promise<unknown>>

const READS: OfClient = {
  getClient,
  listSecrets,
  usageOfClient,
  listAddresses,
  nextToken: (id, context) =>
    nextToken(id, { audience: null, scope: null }, context, {
      issuer: 'https://auth.example',
      keys: { headerOf: (alg, typ) => ({ alg, typ, kid: 'k' }) },
    }),
}

const CHANGES: OfClient = {
  updateClient: (id, context) => updateClient(id, { name: 'Mine' }, null, context),
  'updateClient of a version': (id, context) => updateClient(id, { name: 'Mine' }, 99, context),
  'updateClient, wrongly': (id, context) => updateClient(id, { name: '' }, null, context),
  'updateClient, disabling': (id, context) =>
    updateClient(id, { status: 'disabled' }, null, context),
  changeClient: (id, context) =>
    changeClient(id, 'client.updated', (current: Client) => current, null, context),
  addSecret: (id, context) => addSecret(id, { label: 'a', expires_at: null }, context),
  rotateSecrets: (id, context) => rotateSecrets(id, { label: 'a', overlapSeconds: 0 }, context),
  revokeSecret: (id, context) => revokeSecret(id, 'secret_1', context),
}

describe('another tenant’s client', () => {
  it('looks like one that does not exist, and is not changed', async () => {
    const victim = await make()
    const unknownId = `client_${'0'.repeat(22)}`
    const entries = (await trail()).length
    for (const [who, tenant] of Object.entries(place.strangers)) {
      const stranger = place.caller(tenant)
      for (const [what, call] of Object.entries({ ...READS, ...CHANGES })) {
        const label = `${what} by ${who}`
        const message = await refused(call(victim.client_id, stranger), 'not_found', label)
        const unknown = await refused(call(unknownId, stranger), 'not_found', label)
        assert.equal(message.replace(victim.client_id, unknownId), unknown, label)
      }
    }
    assert.deepEqual(await getClient(victim.client_id, admin), victim)
    assert.equal((await trail()).length, entries)
  })

  it('is in no other tenant’s list, whatever the query', async () => {
    const victim = await make({ external_id: 'ERP-1', tags: ['a'] })
    for (const [who, tenant] of Object.entries(place.strangers)) {
      const stranger = place.caller(tenant)
      for (const query of [{}, { ...place.acme }, { external_id: 'ERP-1' }, { tag: 'a' }]) {
        const page = await listClients({ after: null, limit: 10, ...query }, stranger)
        assert.deepEqual(page, { clients: [], next: null }, `${who} ${JSON.stringify(query)}`)
      }
    }
    const { clients } = await listClients({ after: null, limit: 10 }, admin)
    assert.deepEqual(clients, [{ ...victim, last_used_at: null }])
  })

  it('does not block the same external_id', async () => {
    await make({ external_id: 'ERP-1' })
    for (const tenant of Object.values(place.strangers)) {
      const request = { ...INPUT, ...tenant, external_id: 'ERP-1' }
      assert.ok(await createClient(request, place.caller(tenant)))
    }
  })
})

describe('a caller without audit:read', () => {
  const powers = (...scopes: string[]) => [{ audience: ADMIN, scopes }]
  let limited: AdminContext
  beforeEach(() => {
    limited = place.caller(place.acme, ['clients:read', 'clients:write'])
  })

  it('cannot create a client that has it', async () => {
    for (const grants of [
      powers('audit:read'),
      powers('clients:read', 'audit:read'),
      [{ audience: ADMIN }],
      [{ audience: API }, ...powers('audit:read')],
    ]) {
      const message = await refused(make({ grants }, limited), 'forbidden', JSON.stringify(grants))
      assert.match(message, /audit:read/)
    }
    assert.deepEqual((await listClients({ after: null, limit: 10 }, admin)).clients, [])
    await make({ grants: powers('clients:read', 'clients:write') }, limited)
  })

  it('cannot change, disable or add a secret to a client that has it', async () => {
    const stronger = await make({ grants: powers('audit:read') })
    const entries = (await trail()).length
    for (const [what, call] of Object.entries(CHANGES)) {
      await refused(call(stronger.client_id, limited), 'forbidden', what)
    }
    const weaken = updateClient(stronger.client_id, { grants: [{ audience: API }] }, null, limited)
    await refused(weaken, 'forbidden')
    const [secret] = stronger.secrets
    await refused(revokeSecret(stronger.client_id, secret?.secret_id ?? '', limited), 'forbidden')
    assert.deepEqual(await getClient(stronger.client_id, admin), stronger)
    assert.equal((await trail()).length, entries)
  })

  it('cannot grant it, to itself or to others', async () => {
    const own = await make({ grants: powers('clients:read', 'clients:write') })
    const actor = { kind: 'client', client_id: own.client_id } as const
    for (const scopes of [['audit:read'], ['clients:read', 'clients:write', 'audit:read']]) {
      const change = { grants: powers(...scopes) }
      const grant = updateClient(own.client_id, change, null, { ...limited, actor })
      await refused(grant, 'forbidden', scopes.join(' '))
    }
    assert.deepEqual(await getClient(own.client_id, admin), own)
    const less = { grants: powers('clients:read') }
    await updateClient(own.client_id, less, null, { ...limited, actor })
  })

  it('cannot grant the same scope at another audience, which may be a former issuer’s', async () => {
    const rules = { token_lifetime_seconds: 60, signing_alg: 'ES256', token_typ: 'at+jwt' } as const
    const audience = 'https://other.example'
    const audit = { at: '', actor: { kind: 'system' }, action: 'audience.created' } as const
    const noTenant = { org_id: null, environment: null, address: null, request_id: null } as const
    await place.store.createAudience({
      value: { audience, scopes: ['audit:read'], ...rules },
      audit: {
        ...audit,
        ...noTenant,
        target: { type: 'audience', id: audience },
        idempotency: null,
        before: null,
        after: null,
      },
    })
    await refused(
      make({ grants: [{ audience, scopes: ['audit:read'] }] }, limited),
      'forbidden',
      'audit:read elsewhere',
    )
  })

  it('still sees such a client', async () => {
    const { client_id } = await make({ grants: powers('audit:read') })
    assert.equal((await getClient(client_id, limited)).client_id, client_id)
  })
})

describe('creating clients in bulk', () => {
  it('yields to other work between two lines', async () => {
    let turns = 0
    const count = (): void => {
      turns++
      immediate = setImmediate(count)
    }
    let immediate = setImmediate(count)
    try {
      const turnsAtEach: number[] = []
      const inputs = Array.from({ length: 50 })
        .values()
        .map(() => {
          turnsAtEach.push(turns)
          return INPUT
        })
      await createClients(inputs, place.acme, admin)
      assert.equal(new Set(turnsAtEach).size, 50, 'each is made in a turn of its own')
    } finally {
      clearImmediate(immediate)
    }
  })

  it('creates the valid ones; an invalid one fails alone, in its place', async () => {
    const existing = await make({ external_id: 'ERP-1' })
    const limited = place.caller(place.acme, ['clients:write'])
    const results = await createClients(
      [
        { ...INPUT, name: 'one' },
        { ...INPUT, name: '' },
        { ...INPUT, name: 'is there', external_id: 'ERP-1' },
        { ...INPUT, grants: [{ audience: 'https://nowhere.example' }] },
        { ...INPUT, grants: [{ audience: ADMIN, scopes: ['audit:read'] }] },
        undefined,
        { ...INPUT, org_id: 'org_other' },
        { ...INPUT, name: 'two', external_id: 'ERP-2' },
        { ...INPUT, name: 'two again', external_id: 'ERP-2' },
      ],
      place.acme,
      limited,
    )
    assert.deepEqual(
      results.map(({ status }) => status),
      [
        'created',
        'refused',
        'exists',
        'refused',
        'refused',
        'refused',
        'refused',
        'created',
        'exists',
      ],
    )
    const { clients } = await listClients({ after: null, limit: 10 }, admin)
    assert.deepEqual(clients.map(({ name }) => name).sort(), ['Truck', 'one', 'two'])
    const [one, , there] = results
    assert.ok(one?.status === 'created' && /^miot_dev_/.test(one.client_secret ?? ''))
    assert.deepEqual(there, { status: 'exists', client: existing })
  })

  it('creates nothing in a dry run, which answers the same', async () => {
    const existing = await make({ external_id: 'ERP-1' })
    const inputs = [
      { ...INPUT, external_id: 'ERP-1' },
      { ...INPUT, name: '' },
      { ...INPUT, external_id: 'ERP-2' },
      INPUT,
    ]
    const entries = (await trail()).length
    const checked = await checkClients(inputs, place.acme, admin)
    assert.equal((await trail()).length, entries)
    assert.equal((await listClients({ after: null, limit: 10 }, admin)).clients.length, 1)
    const [refusal] = await createClients([inputs[1]], place.acme, admin)
    const valid = { status: 'valid' }
    assert.deepEqual(checked, [{ status: 'exists', client: existing }, refusal, valid, valid])
  })

  it('gives each a secret of its own and an entry in the trail', async () => {
    const inputs = Array.from({ length: 5 }, (_, index) => ({ ...INPUT, name: `c${index}` }))
    const results = await createClients(inputs, place.acme, admin)
    const secrets = results.map((one) => (one.status === 'created' ? one.client_secret : null))
    assert.equal(new Set(secrets).size, 5)
    const created = (await trail()).filter(({ action }) => action === 'client.created')
    const names = created.map(({ after }) => (after as ClientView).name)
    assert.deepEqual(names.reverse(), ['c0', 'c1', 'c2', 'c3', 'c4'])
  })

  it('ignores an idempotency key, which stands for a single change', async () => {
    const idempotency = { key: 'key', digest: 'digest' }
    const inputs = [INPUT, INPUT]
    const results = await createClients(inputs, place.acme, { ...admin, idempotency })
    assert.ok(results.every(({ status }) => status === 'created'))
    assert.equal(await place.store.findIdempotent(place.acme, 'key'), null)
  })
})
