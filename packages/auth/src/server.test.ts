import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createHttpServer } from '@modulariot/platform/http'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { pino } from 'pino'
import type { Audience } from './audiences/audience.ts'
import type { ClientRecord } from './clients/client.ts'
import { createSecret, digestSecret } from './clients/secret.ts'
import type { SealedKey } from './keys/sealed-key.ts'
import { deriveInstallationKeys } from './keys/sealing.ts'
import { createAuthServer } from './server.ts'
import type { AuthStore } from './store/store.ts'

const ES256: Audience = {
  audience: 'https://api.example',
  scopes: ['read'],
  token_lifetime_seconds: 3600,
  signing_alg: 'ES256',
}
const EDDSA: Audience = { ...ES256, audience: 'https://other.example', signing_alg: 'EdDSA' }

const KEYS = deriveInstallationKeys(new Uint8Array(32))
const SECRET = createSecret('production')
const CREDENTIALS = {
  grant_type: 'client_credentials',
  client_id: 'client_1',
  client_secret: SECRET,
  audience: ES256.audience,
}

/** The parts of a store that the server's wiring touches, to be changed as another process would. */
function createStore() {
  const state = {
    audiences: [ES256],
    keys: [] as readonly SealedKey[],
    status: 'active' as ClientRecord['status'],
    listeners: new Set<() => void>(),
    fails: false,
  }
  const store: Partial<AuthStore> = {
    ping: async () => {
      if (state.fails) throw new StoreUnavailable('no disk')
    },
    listAudiences: async () => {
      if (state.fails) throw new StoreUnavailable('no disk')
      return state.audiences
    },
    findClient: async (client_id) => {
      const created_at = '2026-01-02T03:04:05.000Z'
      return {
        client_id,
        name: 'Truck fleet',
        org_id: 'org_1',
        environment: 'production',
        status: state.status,
        token_lifetime_seconds: null,
        created_at,
        secrets: [{ secret_id: 's', digest: digestSecret(SECRET, KEYS.secretDigest), created_at }],
        grants: [ES256],
      }
    },
    updateSigningKeys: async (update) => {
      state.keys = update(state.keys)
      return state.keys
    },
    onChange: (listener) => {
      state.listeners.add(listener)
      return () => state.listeners.delete(listener)
    },
  }
  function tellChange(): void {
    for (const listener of state.listeners) listener()
  }
  return { state, store: store as AuthStore, tellChange }
}

function start({ store }: ReturnType<typeof createStore>, onError = (_error: unknown) => {}) {
  return createAuthServer({
    issuer: 'https://auth.example',
    store,
    installationKeys: KEYS,
    now: Date.now,
    onError,
  })
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(setImmediate)
}

describe('createAuthServer', { timeout: 20_000 }, () => {
  it('has a key for every algorithm of its audiences before it serves', async () => {
    const place = createStore()
    place.state.audiences = [ES256, EDDSA, { ...ES256, audience: 'https://third.example' }]
    await start(place)
    assert.deepEqual(place.state.keys.map(({ alg }) => alg).sort(), ['ES256', 'EdDSA'])
  })

  it('has a key for an audience that another process adds, the same in every process', async () => {
    const place = createStore()
    const servers = [await start(place), await start(place)]
    place.state.audiences = [ES256, EDDSA]
    place.tellChange()
    for (const { keys } of servers) {
      await eventually(async () => {
        const kid = place.state.keys.find(({ alg }) => alg === 'EdDSA')?.kid
        return kid !== undefined && (await keys.find({ alg: 'EdDSA', kid })) !== null
      })
    }
    assert.equal(place.state.keys.length, 2)
  })

  it('refuses a client that another process disables as soon as it is told', async () => {
    const place = createStore()
    const server = await start(place)
    const http = await createHttpServer({
      applications: [server],
      logger: pino({ level: 'silent' }),
    })
    const login = async (): Promise<number> =>
      (await http.inject({ method: 'POST', url: '/oauth2/token', body: CREDENTIALS })).statusCode
    assert.equal(await login(), 200)
    place.state.status = 'disabled'
    assert.equal(await login(), 200, 'known, and nothing was told')
    place.tellChange()
    assert.equal(await login(), 401)
  })

  it('tells when keys cannot be read again, and goes on with those it has', async () => {
    const place = createStore()
    const told = Promise.withResolvers<unknown>()
    const server = await start(place, told.resolve)
    place.state.fails = true
    place.tellChange()
    assert.ok((await told.promise) instanceof StoreUnavailable)
    assert.ok(await server.keys.find({ alg: 'ES256', kid: place.state.keys[0]?.kid as string }))
  })

  it('is ready while its store is', async () => {
    const place = createStore()
    const server = await start(place)
    await server.ready()
    place.state.fails = true
    await assert.rejects(server.ready(), StoreUnavailable)
  })

  it('watches the store until it is closed', async () => {
    const place = createStore()
    const server = await start(place)
    assert.equal(place.state.listeners.size, 1)
    server.close()
    assert.equal(place.state.listeners.size, 0)
  })
})
