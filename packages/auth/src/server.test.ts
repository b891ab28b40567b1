import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Revocation } from '@modulariot/oauth/protocol'
import { createHttpServer } from '@modulariot/platform/http'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { pino } from 'pino'
import { createSecret, digestSecret } from './clients/secret.ts'
import { digestKeyId } from './keys/digest-keys.ts'
import { deriveInstallationKeys } from './keys/sealing.ts'
import type { Audience } from './records/audience.ts'
import type { ClientRecord } from './records/client.ts'
import type { SealedKey } from './records/sealed-key.ts'
import type { UsageBatch } from './records/usage.ts'
import { type AuthServer, type AuthServerOptions, createAuthServer } from './server.ts'
import type { StoreChange } from './store/ports/changes.ts'
import type { Instance } from './store/ports/instances.ts'
import type { AuthStore } from './store/store.ts'
import { sampleRecord, sampleSecret } from './testing/sample-client.ts'

const ES256: Audience = {
  audience: 'https://api.example',
  scopes: ['read'],
  token_lifetime_seconds: 3600,
  signing_alg: 'ES256',
  token_typ: 'at+jwt',
}
const EDDSA: Audience = {
  ...ES256,
  audience: 'https://other.example',
  signing_alg: 'EdDSA',
  token_typ: 'at+jwt',
}

const KEYS = deriveInstallationKeys(new Uint8Array(32))
const SECRET = createSecret('production')
const CREDENTIALS = {
  grant_type: 'client_credentials',
  client_id: 'client_1',
  client_secret: SECRET,
  audience: ES256.audience,
}

/** The parts of a store that the server uses, with changes as by another process. */
function createStore() {
  const state = {
    audiences: [ES256] as Audience[],
    usage: [] as UsageBatch[],
    keys: [] as readonly SealedKey[],
    feed: [] as Revocation[],
    status: 'active' as ClientRecord['status'],
    listeners: new Set<(change: StoreChange) => void>(),
    instances: [] as readonly Instance[],
    fails: false,
    silentMs: 0,
  }
  const store: Partial<AuthStore> = {
    ping: async () => {
      if (state.fails) throw new StoreUnavailable('no disk')
    },
    listAudiences: async () => {
      if (state.fails) throw new StoreUnavailable('no disk')
      return state.audiences
    },
    silentForMs: () => state.silentMs,
    readRevocations: async ({ after }) => {
      if (state.fails) throw new StoreUnavailable('no disk')
      const revocations = state.feed.slice(Number(after ?? 0))
      return { revocations, cursor: String(state.feed.length), more: false }
    },
    readClients: async (client_ids) => {
      const digest = digestSecret(SECRET, KEYS.secretDigest)
      const secrets = [sampleSecret('secret_1', { digest })]
      const { status } = state
      return client_ids.map((client_id) =>
        sampleRecord({ client_id, status, secrets, grants: [ES256] }),
      )
    },
    createAudience: async ({ value }) => {
      if (state.audiences.some(({ audience }) => audience === value.audience)) return false
      state.audiences.push(value)
      return true
    },
    addUsage: async (batch) => {
      state.usage.push(batch)
    },
    listSigningKeys: async () => state.keys,
    listFormerCheckpointKeys: async () => [],
    announceInstance: async (instance) => {
      if (state.fails) throw new StoreUnavailable('no disk')
      state.instances = [...state.instances, instance]
    },
    removeInstance: async (instance_id) => {
      state.instances = state.instances.filter((one) => one.instance_id !== instance_id)
    },
    updateSigningKeys: async (update) => {
      state.keys = update(state.keys, { lastSeq: 0, instances: [] })?.keys ?? state.keys
      return state.keys
    },
    onChange: (listener) => {
      state.listeners.add(listener)
      return () => state.listeners.delete(listener)
    },
  }
  function tellChange(): void {
    const change = { clients: 'all', keys: true, revocations: true } as const
    for (const listener of state.listeners) listener(change)
  }
  return { state, store: store as AuthStore, tellChange }
}

function start(
  { store }: ReturnType<typeof createStore>,
  onError = (_error: unknown) => {},
  more: Partial<AuthServerOptions> = {},
) {
  return createAuthServer({
    issuer: 'https://auth.example',
    store,
    installationKeys: KEYS,
    now: Date.now,
    onError,
    ...more,
  })
}

/** The server's response to a login. */
async function loginTo(server: AuthServer): Promise<() => Promise<number>> {
  const http = await createHttpServer({
    applications: [server],
    logger: pino({ level: 'silent' }),
    tls: null,
    trustedProxies: [],
  })
  return async () =>
    (await http.inject({ method: 'POST', url: '/oauth2/token', body: CREDENTIALS })).statusCode
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(setImmediate)
}

describe('createAuthServer', { timeout: 20_000 }, () => {
  it('has a key for every algorithm of its audiences, including the admin API’s, before it serves', async () => {
    const place = createStore()
    place.state.audiences = [ES256, EDDSA, { ...ES256, audience: 'https://third.example' }]
    await start(place)
    assert.deepEqual(place.state.keys.map(({ alg }) => alg).sort(), ['ES256', 'EdDSA', 'RS256'])
  })

  it('creates audiences for its admin API and its feed, and does not change them later', async () => {
    const place = createStore()
    await start(place)
    const own = place.state.audiences.slice(1)
    assert.deepEqual(
      own.map(({ audience }) => audience),
      ['https://auth.example/admin/v1', 'https://auth.example/oauth2/revocations'],
    )
    assert.ok(own[0]?.scopes.includes('clients:write'))
    await start(place)
    assert.deepEqual(place.state.audiences.slice(1), own)
  })

  it('knows what was revoked before it started, and what another process revokes', async () => {
    const place = createStore()
    place.state.feed.push({ kind: 'token', jti: 'before', expires: 4_000_000_000 })
    const { revocations } = await start(place)
    const token = { client_id: 'c', iat: 0, kid: 'k' }
    assert.equal(revocations.isRevoked({ ...token, jti: 'before' }), true)
    assert.equal(revocations.isRevoked({ ...token, jti: 'later' }), false)
    place.state.feed.push({ kind: 'token', jti: 'later', expires: 4_000_000_000 })
    place.tellChange()
    await eventually(async () => revocations.isRevoked({ ...token, jti: 'later' }))
  })

  it('has a key for an audience that another process adds, the same in every process', async () => {
    const place = createStore()
    const servers = [await start(place), await start(place)]
    place.state.audiences.push(EDDSA)
    place.tellChange()
    for (const { keys } of servers) {
      await eventually(async () => {
        const kid = place.state.keys.find(({ alg }) => alg === 'EdDSA')?.kid
        return kid !== undefined && (await keys.find({ alg: 'EdDSA', kid })) !== null
      })
    }
    assert.deepEqual(place.state.keys.map(({ alg }) => alg).sort(), ['ES256', 'EdDSA', 'RS256'])
  })

  it('refuses a client that another process disables as soon as it is notified', async () => {
    const place = createStore()
    const login = await loginTo(await start(place))
    assert.equal(await login(), 200)
    place.state.status = 'disabled'
    assert.equal(await login(), 200, 'cached, and no change was announced')
    place.tellChange()
    assert.equal(await login(), 401)
  })

  it('reports when keys cannot be read again, and continues with those it has', async () => {
    const place = createStore()
    const reported = Promise.withResolvers<unknown>()
    const server = await start(place, reported.resolve)
    place.state.fails = true
    place.tellChange()
    assert.ok((await reported.promise) instanceof StoreUnavailable)
    assert.ok(await server.keys.find({ alg: 'ES256', kid: place.state.keys[0]?.kid as string }))
  })

  it('retries keys that it could not read after a second, without another notification', {
    timeout: 10_000,
  }, async (test) => {
    // Before the maintenance, which would read them too.
    test.mock.timers.enable({ apis: ['setTimeout'] })
    const place = createStore()
    const reported = Promise.withResolvers<unknown>()
    const server = await start(place, reported.resolve)
    place.state.audiences.push(EDDSA)
    place.state.fails = true
    place.tellChange()
    await reported.promise
    place.state.fails = false
    await new Promise(setImmediate)
    test.mock.timers.tick(1000)
    await eventually(async () => {
      const kid = place.state.keys.find(({ alg }) => alg === 'EdDSA')?.kid
      return kid !== undefined && (await server.keys.find({ alg: 'EdDSA', kid })) !== null
    })
    await server.close()
  })

  it('is ready while its store is, and degraded while it has cached clients without it', async () => {
    const place = createStore()
    const server = await start(place)
    assert.equal(await server.ready(), undefined)
    place.state.fails = true
    assert.equal(await server.ready(), 'degraded')
    place.state.silentMs = 3_600_001
    await assert.rejects(server.ready(), StoreUnavailable)
  })

  it('announces the encryption keys it knows until it is closed', async () => {
    const place = createStore()
    const newInstallationKeys = deriveInstallationKeys(new Uint8Array(32).fill(1))
    const more = { instanceName: 'here', newInstallationKeys }
    const server = await start(place, (error) => assert.fail(String(error)), more)
    const ids = [KEYS, newInstallationKeys].map((keys) => digestKeyId(keys.secretDigest))
    assert.deepEqual(
      place.state.instances.map(({ name, key_ids }) => [name, key_ids]),
      [['here', ids]],
    )
    await server.close()
    assert.deepEqual(place.state.instances, [])
  })

  it('announces them before it reads any key, and not after a start that fails', async () => {
    const place = createStore()
    let announced = 0
    place.store.listSigningKeys = async () => {
      announced = place.state.instances.length
      throw new StoreUnavailable('no disk')
    }
    await assert.rejects(
      start(place, () => {}, { instanceName: 'here' }),
      StoreUnavailable,
    )
    assert.equal(announced, 1)
    assert.deepEqual(place.state.instances, [])
  })

  it('writes its counters when it is closed', async () => {
    const place = createStore()
    const server = await start(place)
    const login = await loginTo(server)
    assert.equal(await login(), 200)
    assert.equal(server.usageTotals().tokens_issued, 1)
    await server.close()
    const clients = place.state.usage.flatMap((batch) => batch.clients)
    assert.deepEqual(
      clients.map(({ client_id, tokens_issued }) => [client_id, tokens_issued]),
      [['client_1', 1]],
    )
    const secrets = place.state.usage.flatMap((batch) => batch.secrets)
    assert.deepEqual(
      secrets.map(({ secret_id, uses }) => [secret_id, uses]),
      [['secret_1', 1]],
    )
  })

  it('watches the store until it is closed', async () => {
    const place = createStore()
    const server = await start(place)
    assert.equal(place.state.listeners.size, 1)
    await server.close()
    assert.equal(place.state.listeners.size, 0)
  })
})
