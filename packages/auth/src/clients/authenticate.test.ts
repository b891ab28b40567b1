import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OAuthError, type SecretCredentials } from '@modulariot/oauth/protocol'
import { localPeers } from '@modulariot/platform/peers'
import { StoreUnavailable } from '@modulariot/platform/storage'
import type { ClientRecord } from '../records/client.ts'
import { fleetLookup } from '../testing/fleet-lookup.ts'
import { sampleRecord, sampleSecret } from '../testing/sample-client.ts'
import { onlyDigestKey } from '../testing/sample-keys.ts'
import { assertionAudiences } from './assertion.ts'
import { authenticateClient, proofOf } from './authenticate.ts'
import { ClientDirectory } from './directory.ts'
import { createId, createSecret, digestSecret } from './secret.ts'

const digestKey = new Uint8Array(32).fill(7)
const [CLIENT, OTHER] = [createId('client'), createId('client')]
const [SECRET, SECOND, STRANGE] = [
  createSecret('production'),
  createSecret('production'),
  createSecret('production'),
]

const NOW = Date.parse('2026-05-01T12:00:00Z')
/** What a login needs beside the directory; only signatures use this store. */
const DEPS = {
  assertionAudiences: assertionAudiences('https://auth.example', []),
  store: { useAssertion: () => assert.fail('a secret is not an assertion') },
  remoteKeys: { find: () => assert.fail('a secret is not an assertion') },
}

function recordOf(
  secrets: readonly string[],
  status: ClientRecord['status'] = 'active',
  expires_at: string | null = null,
): ClientRecord {
  return sampleRecord({
    client_id: CLIENT,
    status,
    secrets: secrets.map((secret, index) =>
      sampleSecret(`secret_${index}`, { digest: digestSecret(secret, digestKey), expires_at }),
    ),
  })
}

function proof(shown: Omit<SecretCredentials, 'method'>, key = digestKey) {
  return proofOf({ method: 'client_secret_post', ...shown }, onlyDigestKey(key))
}

/** A server with one client in its store, which stands for changes by another process. */
function serverWith(record: ClientRecord) {
  const stored = { record }
  const lookup = fleetLookup(async (client_id) =>
    client_id === stored.record.client_id ? stored.record : null,
  )
  const directory = new ClientDirectory(lookup)
  const login = (client_secret: string, client_id = CLIENT) =>
    authenticateClient(proof({ client_id, client_secret }), NOW, { ...DEPS, directory })
  return { stored, directory, login, statements: lookup.statements }
}

/** The error of a refused login, and how many statements read the store. */
async function refusal(server: ReturnType<typeof serverWith>, secret: string, client_id?: string) {
  const before = server.statements.length
  const error = await server.login(secret, client_id).then(
    () => assert.fail('was not refused'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof OAuthError)
  return { error, reads: server.statements.length - before }
}

describe('authenticateClient', () => {
  it('returns the client, and which of its secrets it was', async () => {
    const { login, stored } = serverWith(recordOf([SECRET, SECOND]))
    const [first, second] = stored.record.secrets
    const { client_id } = stored.record
    for (const [shown, secret] of [
      [SECRET, first],
      [SECOND, second],
    ] as const) {
      const proven = await login(shown)
      assert.equal(proven.client.client_id, client_id)
      assert.equal(proven.secret?.secret_id, secret?.secret_id)
    }
  })

  it('accepts any of several secrets', async () => {
    const { login } = serverWith(recordOf([SECRET, SECOND]))
    assert.equal((await login(SECRET)).client.client_id, CLIENT)
    assert.equal((await login(SECOND)).client.client_id, CLIENT)
  })

  it('reads the store once for the first login and never for the next ones', async () => {
    const { login, statements } = serverWith(recordOf([SECRET, SECOND]))
    await login(SECRET)
    assert.equal(statements.length, 1)
    await login(SECRET)
    await login(SECOND)
    assert.equal(statements.length, 1)
  })

  const mistyped = `${SECRET.slice(0, -1)}${SECRET.endsWith('0') ? '1' : '0'}`
  const [active, disabled] = [recordOf([SECRET]), recordOf([SECRET], 'disabled')]
  const ended = recordOf([SECRET], 'active', new Date(NOW).toISOString())
  const endedAndDisabled = recordOf([SECRET], 'disabled', new Date(NOW - 1).toISOString())
  const cases = [
    ['an unknown client', 'unknown_client', active, SECRET, OTHER, 1],
    ['a wrong secret', 'wrong_secret', active, STRANGE, CLIENT, 1],
    ['a client without secrets', 'wrong_secret', recordOf([]), SECRET, CLIENT, 1],
    ['a disabled client', 'client_disabled', disabled, SECRET, CLIENT, 1],
    ['a wrong secret of a disabled one', 'wrong_secret', disabled, STRANGE, CLIENT, 1],
    ['a secret that has ended', 'secret_expired', ended, SECRET, CLIENT, 1],
    ['an ended secret of a disabled one', 'secret_expired', endedAndDisabled, SECRET, CLIENT, 1],
    ['a wrong secret beside an ended one', 'wrong_secret', ended, STRANGE, CLIENT, 1],
    ['a mistyped secret', 'malformed_secret', active, mistyped, CLIENT, 0],
    ['what is no secret at all', 'malformed_secret', active, 'hunter2', CLIENT, 0],
  ] as const

  for (const [what, kind, record, secret, client_id, reads] of cases) {
    it(`refuses ${what} in the same words, with ${reads} statements`, async () => {
      const refused = await refusal(serverWith(record), secret, client_id)
      const { error, error_description, status, reason } = refused.error
      assert.deepEqual(
        { error, error_description, status },
        {
          error: 'invalid_client',
          error_description: 'Client authentication failed',
          status: 401,
        },
      )
      assert.deepEqual(reason, { kind, client_id })
      assert.equal(refused.reads, reads)
    })
  }

  it('reads the store exactly once to refuse a cached client, too', async () => {
    const server = serverWith(recordOf([SECRET]))
    await server.login(SECRET)
    assert.equal((await refusal(server, STRANGE)).reads, 1)
    assert.equal((await refusal(server, STRANGE)).reads, 1)
    assert.equal((await refusal(server, mistyped)).reads, 0)
  })

  it('caches nothing for an unknown client: each attempt reads the store', async () => {
    const server = serverWith(recordOf([SECRET]))
    assert.equal((await refusal(server, SECRET, OTHER)).reads, 1)
    assert.equal((await refusal(server, SECRET, OTHER)).reads, 1)
  })

  it('accepts a secret that another process has just added', async () => {
    const { login, stored, statements } = serverWith(recordOf([SECRET]))
    await login(SECRET)
    stored.record = recordOf([SECRET, SECOND])
    await login(SECOND)
    assert.equal(statements.length, 2)
    await login(SECOND)
    assert.equal(statements.length, 2)
  })

  it('accepts a client that another process has just enabled', async () => {
    const server = serverWith(recordOf([SECRET], 'disabled'))
    await refusal(server, SECRET)
    server.stored.record = recordOf([SECRET])
    await server.login(SECRET)
  })

  it('refuses a client disabled elsewhere once the change is announced', async () => {
    const server = serverWith(recordOf([SECRET]))
    await server.login(SECRET)
    server.stored.record = recordOf([SECRET], 'disabled')
    server.directory.forget('all')
    assert.equal((await refusal(server, SECRET)).error.reason.kind, 'client_disabled')
    assert.equal((await refusal(server, SECRET)).reads, 1)
  })

  it('accepts a secret until the millisecond in which it ends', async () => {
    const until = new Date(NOW + 1).toISOString()
    await serverWith(recordOf([SECRET], 'active', until)).login(SECRET)
  })

  it('refuses a secret that ends while the client is cached', async () => {
    const server = serverWith(recordOf([SECRET], 'active', new Date(NOW + 1000).toISOString()))
    await server.login(SECRET)
    const { directory } = server
    const later = NOW + 1000
    await assert.rejects(
      authenticateClient(proof({ client_id: CLIENT, client_secret: SECRET }), later, {
        ...DEPS,
        directory,
      }),
      (error) => error instanceof OAuthError && error.reason.kind === 'secret_expired',
    )
  })

  it('does not remember a refused secret as valid', async () => {
    const server = serverWith(recordOf([SECRET]))
    for (let tries = 0; tries < 3; tries++) await refusal(server, STRANGE)
    await server.login(SECRET)
  })

  it('refuses a secret whose digest was made with another key', async () => {
    const { stored, directory } = serverWith(recordOf([SECRET]))
    const otherKey = new Uint8Array(32).fill(8)
    const credentials = { client_id: stored.record.client_id, client_secret: SECRET }
    await assert.rejects(
      authenticateClient(proof(credentials, otherKey), NOW, { ...DEPS, directory }),
      (error) => error instanceof OAuthError && error.reason.kind === 'wrong_secret',
    )
  })

  it('names a secret that is left under a former key in the reason only', async () => {
    const underFormer = { digest: 'x'.repeat(43), digest_key: 'former' }
    const left = (expires_at: string | null) =>
      sampleRecord({
        client_id: CLIENT,
        secrets: [sampleSecret('secret_0', { ...underFormer, expires_at })],
      })
    const { error } = await refusal(serverWith(left(null)), SECRET)
    assert.deepEqual(error.reason, { kind: 'secret_under_former_key', client_id: CLIENT })
    assert.equal(error.error_description, 'Client authentication failed')
    const past = await refusal(serverWith(left(new Date(NOW).toISOString())), SECRET)
    assert.equal(past.error.reason.kind, 'wrong_secret')
  })

  it('passes errors of the store through unchanged', async () => {
    const fault = new Error('no store')
    const directory = new ClientDirectory({
      readClients: () => Promise.reject(fault),
      silentForMs: () => 0,
    })
    const credentials = { client_id: CLIENT, client_secret: SECRET }
    await assert.rejects(authenticateClient(proof(credentials), NOW, { ...DEPS, directory }), fault)
  })
})

describe('authenticateClient in several processes, while the store is unavailable', () => {
  /** Two servers on one store. */
  function servers(record: ClientRecord) {
    let down = false
    const stored = fleetLookup(async (client_id) => (client_id === CLIENT ? record : null))
    const store = {
      silentForMs: () => 0,
      readClients: async (...asked: Parameters<typeof stored.readClients>) => {
        if (down) throw new StoreUnavailable('no store')
        return stored.readClients(...asked)
      },
    }
    const directories = localPeers(2).map((peers) => new ClientDirectory(store, { peers }))
    const logins = directories.map(
      (directory) =>
        (client_secret: string, client_id = CLIENT) =>
          authenticateClient(proof({ client_id, client_secret }), NOW, { ...DEPS, directory }),
    )
    const [loginAtOne, loginAtOther] = logins as [(typeof logins)[0], (typeof logins)[0]]
    const end = (): void => {
      down = true
    }
    return { directories, loginAtOne, loginAtOther, end }
  }

  it('lets a client pass at each of them that one of them knows', async () => {
    const { directories, loginAtOne, loginAtOther, end } = servers(recordOf([SECRET]))
    await loginAtOne(SECRET)
    end()
    assert.equal((await loginAtOther(SECRET)).client.client_id, CLIENT)
    assert.equal(directories[1]?.size, 0, 'what was told is not kept')
  })

  it('refuses none that the store might let pass', async () => {
    for (const status of ['active', 'disabled'] as const) {
      const { directories, loginAtOne, loginAtOther, end } = servers(recordOf([SECRET], status))
      await directories[0]?.read(CLIENT)
      end()
      for (const login of [loginAtOne, loginAtOther]) {
        await assert.rejects(login(status === 'active' ? STRANGE : SECRET), StoreUnavailable)
        await assert.rejects(login(SECRET, OTHER), StoreUnavailable)
      }
    }
  })
})
