import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { digestSecret } from '../clients/secret.ts'
import { AdminError, type AdminErrorCode } from '../errors/admin-error.ts'
import type { AuditEntry } from '../records/audit-entry.ts'
import type { ClientView } from '../records/client.ts'
import { API, type Installation, openInstallation } from '../testing/sample-installation.ts'
import { createClient, getClient } from './clients.ts'
import { type AdminContext, auditedClient } from './context.ts'
import { addSecret, revokeSecret, rotateSecrets } from './secrets.ts'
import { listSecrets } from './usage.ts'

const HOUR = 3600

let place: Installation
let admin: AdminContext
let client: ClientView

beforeEach(async () => {
  place = await openInstallation()
  admin = place.caller(place.acme)
  const request = { name: 'Truck', grants: [{ audience: API }], ...place.acme }
  client = (await createClient(request, admin)).client
})
afterEach(() => place.close())

/** This many seconds from now, in the record's format. */
const inSeconds = (seconds: number): string =>
  new Date(place.clock.now + seconds * 1000).toISOString()

const add = (label: string, expires_at: string | null = null) =>
  addSecret(client.client_id, { label, expires_at }, admin)

const rotate = (overlapSeconds: number, label = 'rotated') =>
  rotateSecrets(client.client_id, { label, overlapSeconds }, admin)

const ends = ({ secrets }: ClientView) => secrets.map((one) => [one.label, one.expires_at])

const current = (): Promise<ClientView> => getClient(client.client_id, admin)

async function refused(doing: Promise<unknown>, code: AdminErrorCode): Promise<string> {
  const error = await doing.then(
    () => assert.fail('was not refused'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof AdminError, String(error))
  assert.equal(error.code, code)
  return error.message
}

async function newestEntry(): Promise<AuditEntry> {
  const [row] = await place.store.listAudit({ before: null, limit: 1 })
  return JSON.parse(row?.entry ?? 'null') as AuditEntry
}

describe('adding a secret', () => {
  it('keeps the others unchanged, and shows the new one once', async () => {
    const added = await add('second', inSeconds(HOUR))
    assert.deepEqual(ends(added.client), [
      ['first', null],
      ['second', inSeconds(HOUR)],
    ])
    assert.equal(added.client.version, 2)
    const stored = (await place.store.findClient(client.client_id))?.secrets.at(-1)
    assert.equal(stored?.secret_id, added.secret_id)
    assert.equal(stored.digest, digestSecret(added.client_secret, admin.digestKey))
    const entry = await newestEntry()
    assert.equal(entry.action, 'secret.added')
    for (const text of [added.client_secret, stored.digest]) {
      assert.ok(!JSON.stringify([entry, added.client]).includes(text))
    }
  })

  it('shows the last four characters of each, and of none from an earlier version', async () => {
    const added = await add('second')
    const listed = () => listSecrets(client.client_id, admin)
    assert.equal((await listed())[1]?.hint, added.client_secret.slice(-4))
    assert.equal(added.client.secrets[1]?.hint, added.client_secret.slice(-4))
    await place.store.updateClient(client.client_id, (before) => {
      const value = { ...before, secrets: before.secrets.map(({ hint: _, ...secret }) => secret) }
      return auditedClient(admin, 'client.updated', before, value, value)
    })
    assert.deepEqual(
      (await listed()).map(({ hint }) => hint),
      [null, null],
    )
    assert.ok((await current()).secrets.every(({ hint }) => hint === null))
  })

  it('requires an end, if any, in the future', async () => {
    for (const expires_at of [inSeconds(0), inSeconds(-1), 'tomorrow', '']) {
      await refused(add('second', expires_at), 'invalid_input')
    }
    assert.equal((await current()).version, 1)
  })

  it('stops at ten unexpired ones; an expired one is removed and makes room', async () => {
    const { secret_id } = await add('short', inSeconds(HOUR))
    for (let count = 3; count <= 10; count++) await add(`number ${count}`)
    assert.match(await refused(add('eleventh'), 'conflict'), /10 secrets; revoke one/)
    assert.match(await refused(rotate(HOUR), 'conflict'), /10 secrets; revoke one/)
    assert.equal((await current()).secrets.length, 10)
    place.clock.now += HOUR * 1000
    const { client: after } = await add('eleventh')
    assert.equal(after.secrets.length, 10)
    assert.ok(after.secrets.every((secret) => secret.secret_id !== secret_id))
    await refused(add('twelfth'), 'conflict')
  })

  it('stops at ten with concurrent requests', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => add(`number ${index}`)),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 9)
    assert.equal((await current()).secrets.length, 10)
  })
})

describe('rotating the secrets', () => {
  it('ends the old ones after the overlap; the new one has no end', async () => {
    await add('second')
    const rotated = await rotate(HOUR, 'third')
    assert.deepEqual(ends(rotated.client), [
      ['first', inSeconds(HOUR)],
      ['second', inSeconds(HOUR)],
      ['third', null],
    ])
    assert.equal(rotated.client.secrets.at(-1)?.secret_id, rotated.secret_id)
    const { action, before, after } = await newestEntry()
    assert.equal(action, 'secret.rotated')
    const [first, second, third] = rotated.client.secrets
    const [one, two] = [first?.secret_id, second?.secret_id].map((secret_id) => ({ secret_id }))
    assert.deepEqual((before as ClientView).secrets, [
      { ...one, expires_at: null },
      { ...two, expires_at: null },
    ])
    assert.deepEqual((after as ClientView).secrets, [
      { ...one, expires_at: inSeconds(HOUR) },
      { ...two, expires_at: inSeconds(HOUR) },
      third,
    ])
  })

  it('keeps an end that is sooner', async () => {
    const [sooner, later] = [inSeconds(HOUR / 2), inSeconds(2 * HOUR)]
    await add('sooner', sooner)
    await add('later', later)
    assert.deepEqual(ends((await rotate(HOUR)).client), [
      ['first', inSeconds(HOUR)],
      ['sooner', sooner],
      ['later', inSeconds(HOUR)],
      ['rotated', null],
    ])
  })

  it('again during an overlap never moves an end later', async () => {
    await rotate(HOUR)
    const firstEnd = inSeconds(HOUR)
    place.clock.now += 60_000
    assert.deepEqual(ends((await rotate(HOUR, 'again')).client), [
      ['first', firstEnd],
      ['rotated', inSeconds(HOUR)],
      ['again', null],
    ])
  })

  it('without an overlap ends the old ones now, even ten of them', async () => {
    for (let count = 2; count <= 10; count++) await add(`number ${count}`)
    assert.deepEqual(ends((await rotate(0)).client), [['rotated', null]])
  })

  it('requires an overlap from zero to a year, in whole seconds', async () => {
    for (const seconds of [-1, 0.5, Number.NaN, 365 * 86_400 + 1]) {
      await refused(rotate(seconds), 'invalid_input')
    }
    assert.equal((await current()).version, 1)
    await rotate(365 * 86_400)
  })

  it('gives a first secret to a client that had none', async () => {
    await revokeSecret(client.client_id, client.secrets[0]?.secret_id ?? '', admin)
    assert.deepEqual(ends((await rotate(HOUR)).client), [['rotated', null]])
  })
})

describe('revoking a secret', () => {
  it('ends that one now, even the last one', async () => {
    const { secret_id } = await add('second')
    const left = await revokeSecret(client.client_id, secret_id, admin)
    assert.deepEqual(ends(left), [['first', null]])
    assert.equal((await newestEntry()).action, 'secret.revoked')
    const [first] = left.secrets
    const none = await revokeSecret(client.client_id, first?.secret_id ?? '', admin)
    assert.deepEqual(none.secrets, [])
    assert.equal(none.version, 4)
  })

  it('of another client, of no client or a second time is not found, and changes nothing', async () => {
    const request = { name: 'Van', grants: [{ audience: API }], ...place.acme }
    const other = (await createClient(request, admin)).client
    const { secret_id } = await add('second')
    await revokeSecret(client.client_id, secret_id, admin)
    const foreign = other.secrets[0]?.secret_id ?? assert.fail('no secret')
    for (const id of [foreign, secret_id, 'secret_unknown', '']) {
      const message = await refused(revokeSecret(client.client_id, id, admin), 'not_found')
      assert.equal(message, `The client has no secret ${id}`)
    }
    assert.equal((await current()).version, 3)
    assert.deepEqual(await getClient(other.client_id, admin), other)
  })
})
