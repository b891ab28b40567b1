/**
 * The last moment in which an administrator can be cut off: after every check of the request, just
 * before the store's unit of change. The store in this test cuts it off exactly then.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Readable, Writable } from 'node:stream'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createHttpServer } from '@modulariot/platform/http'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { createClient, updateClient } from '../../admin/clients.ts'
import { wastefulClients } from '../../admin/usage.ts'
import { deriveInstallationKeys } from '../../keys/sealing.ts'
import { type AuthServer, createAuthServer } from '../../server.ts'
import { newMember, signUp } from '../../store/conformance/people-samples.ts'
import { draftOf } from '../../store/conformance/samples.ts'
import type { AuthStore } from '../../store/store.ts'
import {
  ADMIN,
  API,
  type Installation,
  openInstallation,
} from '../../testing/sample-installation.ts'
import type { AdminCall } from './call.ts'
import { changeMany } from './change-clients-endpoint.ts'
import { createMany } from './clients-endpoints.ts'

let place: Installation
let server: AuthServer
let http: FastifyInstance
/** Runs before each unit of the store that checks an authority, and before each page of a read. */
let beforeUnit: (method: string) => Promise<void> | void

const UNITS = [
  'createClients',
  'updateClient',
  'deleteClient',
  'findIdempotent',
  'usageOf',
  'listUsage',
  'updateOrganization',
  'updateMember',
  'createInvitation',
  'deleteInvitation',
]

before(async () => {
  place = await openInstallation()
  await signUp(place.store, 'person_ada')
  const { org_id } = place.acme
  await place.store.claimInstallation(() => ({
    organization: { value: { org_id, name: 'Acme' }, audit: draftOf() },
    owner: newMember('person_ada', { org_id }),
  }))
  const store = new Proxy(place.store, {
    get: (target, name: keyof AuthStore) => {
      const method = target[name] as (...args: unknown[]) => unknown
      if (!UNITS.includes(name)) return method
      return async (...args: unknown[]) => {
        await beforeUnit(name)
        return method(...args)
      }
    },
  })
  server = await createAuthServer({
    issuer: 'https://auth.example',
    store,
    installationKeys: deriveInstallationKeys(new Uint8Array(32)),
    now: () => place.clock.now,
    onError: (error) => assert.fail(String(error)),
  })
  http = await createHttpServer({
    applications: [server],
    logger: pino({ level: 'silent' }),
    tls: null,
    trustedProxies: [],
  })
})
after(async () => {
  await http.close()
  await server.close()
  await place.close()
})
beforeEach(() => {
  beforeUnit = () => {}
})

interface Subject {
  readonly client_id: string
  readonly headers: { readonly authorization: string }
  disable(): Promise<void>
}

/** An administrator with a token. */
async function newAdministrator(): Promise<Subject> {
  const digestKey = deriveInstallationKeys(new Uint8Array(32)).secretDigest
  const operator = { ...place.operator, digestKey }
  const request = { name: 'admin', grants: [{ audience: ADMIN }], ...place.acme }
  const { client, client_secret } = await createClient(request, operator)
  const { client_id } = client
  const body = { grant_type: 'client_credentials', client_id, client_secret, audience: ADMIN }
  const answer = await http.inject({ method: 'POST', url: '/oauth2/token', body })
  assert.equal(answer.statusCode, 200, answer.body)
  return {
    client_id,
    headers: { authorization: `Bearer ${answer.json().access_token}` },
    disable: async () =>
      void (await updateClient(client_id, { status: 'disabled' }, null, operator)),
  }
}

interface Ask {
  readonly method: 'POST' | 'PATCH' | 'DELETE'
  readonly path: (client_id: string) => string
  readonly body: string
  readonly type?: string
}

const grants = [{ audience: API }]
const NDJSON = 'application/x-ndjson'

/** Every change of the admin API. */
const CHANGES: Readonly<Record<string, Ask>> = {
  createClient: {
    ...{ method: 'POST', path: () => '/clients', body: JSON.stringify({ name: 'x', grants }) },
  },
  createClients: {
    ...{ method: 'POST', path: () => '/clients/bulk', type: NDJSON },
    body: JSON.stringify({ name: 'x', grants }),
  },
  changeClients: {
    ...{ method: 'POST', path: () => '/clients/batch' },
    body: '{"action":"disable","client_ids":["client_x"]}',
  },
  updateClient: { method: 'PATCH', path: (id) => `/clients/${id}`, body: '{"status":"active"}' },
  deleteClient: { method: 'DELETE', path: (id) => `/clients/${id}`, body: '{}' },
  addSecret: { method: 'POST', path: (id) => `/clients/${id}/secrets`, body: '{}' },
  rotateSecrets: {
    ...{ method: 'POST', path: (id) => `/clients/${id}/secrets/rotate` },
    body: '{"overlap_seconds":60}',
  },
  revokeSecret: { method: 'DELETE', path: (id) => `/clients/${id}/secrets/none`, body: '{}' },
  revokeClientTokens: { method: 'POST', path: (id) => `/clients/${id}/tokens/revoke`, body: '{}' },
  renameOrganization: { method: 'PATCH', path: () => '/organization', body: '{"name":"Other"}' },
  changeMember: { method: 'PATCH', path: () => '/members/person_ada', body: '{"role":"viewer"}' },
  removeMember: { method: 'DELETE', path: () => '/members/person_ada', body: '{}' },
  createInvitation: {
    ...{ method: 'POST', path: () => '/invitations' },
    body: '{"email":"new@example.com","role":"developer"}',
  },
  deleteInvitation: { method: 'DELETE', path: () => '/invitations/none', body: '{}' },
}

/** Change nothing in the store, and refuse clients: people.test.ts has their tests. */
const ISSUES_ONLY = ['createTelemetryToken', 'createErasureToken']

const send = (subject: Subject, { method, path, body, type = 'application/json' }: Ask, key = {}) =>
  http.inject({
    ...{ method, url: `/admin/v1${path(subject.client_id)}`, body },
    headers: { ...subject.headers, 'content-type': type, ...key },
  })

async function trail(): Promise<number> {
  return (await place.store.listAudit({ before: null, limit: 1 }))[0]?.seq ?? 0
}

describe('an administrator that is cut off just before the unit of its change', () => {
  it('is tested with every change of the admin API', async () => {
    const document = (await http.inject('/admin/v1/openapi.json')).json()
    const operations = Object.values(document.paths).flatMap((methods) =>
      Object.entries(methods as Record<string, { operationId: string }>)
        .filter(([method]) => method !== 'get')
        .map(([, { operationId }]) => operationId),
    )
    assert.deepEqual(operations.sort(), [...Object.keys(CHANGES), ...ISSUES_ONLY].sort())
  })

  for (const [name, ask] of Object.entries(CHANGES)) {
    it(`does not ${name}, and leaves no entry`, async () => {
      const subject = await newAdministrator()
      let cutAt = 0
      beforeUnit = async () => {
        if (cutAt > 0) return
        await subject.disable()
        cutAt = await trail()
      }
      const answer = await send(subject, ask)
      assert.equal(answer.statusCode, 401, answer.body)
      assert.ok(cutAt > 0)
      assert.equal(await trail(), cutAt)
    })
  }

  it('gets no replay of an earlier change', async () => {
    const subject = await newAdministrator()
    const key = { 'idempotency-key': 'once' }
    const ask = CHANGES.createClient as Ask
    assert.equal((await send(subject, ask, key)).statusCode, 201)
    beforeUnit = () => subject.disable()
    const answer = await send(subject, ask, key)
    assert.equal(answer.statusCode, 401, answer.body)
  })
})

describe('a read of the admin API', () => {
  it('stops at the next await: nothing more is read for an administrator that was cut off', async () => {
    const subject = await newAdministrator()
    const read: string[] = []
    const { store } = place
    const findClient = store.findClient
    beforeUnit = (method) => void read.push(method)
    const url = `/admin/v1/clients/${subject.client_id}/secrets`
    assert.equal((await http.inject({ url, headers: subject.headers })).statusCode, 200)
    assert.deepEqual(read.splice(0), ['usageOf'])
    try {
      store.findClient = async (client_id) => {
        const found = await findClient(client_id)
        if (client_id === subject.client_id) await subject.disable()
        return found
      }
      const answer = await http.inject({ url, headers: subject.headers })
      assert.equal(answer.statusCode, 401, answer.body)
      assert.deepEqual(read, [])
    } finally {
      store.findClient = findClient
    }
  })
})

describe('a read of many pages', () => {
  it('is confirmed before each page, and stops once it is not', async () => {
    let pages = 0
    const ended = new Error('the token has ended')
    const listUsage = async () => ({ clients: [], next: `page ${pages++}` })
    const confirm = async (): Promise<void> => {
      if (pages === 2) throw ended
    }
    const client = { kind: 'client' as const, client_id: 'c', jti: 'j', kid: 'k' }
    const authority = { ...client, assert: () => {}, confirm }
    const store = { ...place.store, listUsage } as AuthStore
    const context = { ...place.caller(place.acme), store, authority }
    await assert.rejects(wastefulClients(context), ended)
    assert.equal(pages, 2)
  })
})

describe('a bulk response', () => {
  const LINES = 500
  const lines = Array.from({ length: LINES }, () => JSON.stringify({ name: 'x', grants }))

  /** The endpoint's response, and the number of transactions so far. */
  async function start(): Promise<{ answer: Readable; made: () => number }> {
    let made = 0
    const store = new Proxy(place.store, {
      get: (target, name: keyof AuthStore) => {
        if (name === 'createClients') made++
        return target[name]
      },
    })
    const context = { ...place.caller(place.acme), store }
    const request = { body: Buffer.from(lines.join('\n')), query: {} }
    const call = { context, request, reply: { type: () => {} } } as unknown as AdminCall
    return { answer: await createMany(call), made: () => made }
  }

  it('runs at most one transaction ahead of its reader', async () => {
    const { answer, made } = await start()
    const taken: (() => void)[] = []
    const write = (_chunk: unknown, _encoding: unknown, done: () => void) => void taken.push(done)
    const reader = new Writable({ highWaterMark: 1, write })
    answer.pipe(reader)
    for (let round = 1; round <= 5; round++) {
      while (taken.length === 0) await setImmediate()
      for (let turn = 0; turn < 20; turn++) await setImmediate()
      assert.equal(made(), round, `${round - 1} were taken`)
      taken.shift()?.()
    }
    answer.destroy()
  })

  it('to an empty body is empty, and ends', async () => {
    const subject = await newAdministrator()
    const answer = await send(subject, { ...(CHANGES.createClients as Ask), body: '\n' })
    assert.deepEqual([answer.statusCode, answer.body], [200, ''])
  })

  it('creates nothing more once its reader has left', async () => {
    const { answer, made } = await start()
    const closed = once(answer, 'close')
    answer.once('data', () => answer.destroy())
    await closed
    const before = made()
    for (let turn = 0; turn < 50; turn++) await setImmediate()
    assert.equal(made(), before)
    assert.ok(before < LINES / 50)
  })
})

describe('one change to many clients', () => {
  it('changes nothing more once its caller has left', async () => {
    const subjects = [await newAdministrator(), await newAdministrator()]
    const body = {
      action: 'disable',
      client_ids: subjects.map(({ client_id }) => client_id),
    }
    const raw = { destroyed: false }
    const updateClient: AuthStore['updateClient'] = async (...args) => {
      raw.destroyed = true
      return place.store.updateClient(...args)
    }
    const context = { ...place.caller(place.acme), store: { ...place.store, updateClient } }
    const request = { body: Buffer.from(JSON.stringify(body)), query: {} }
    const { results } = await changeMany({ context, request, reply: { raw } } as never)
    assert.deepEqual(
      results.map(({ status }) => status),
      ['changed'],
    )
  })
})
