import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { RefusedRequest } from '@modulariot/platform/http'
import type { RefusalEntry } from '../records/activity.ts'
import type { ClientRecord } from '../records/client.ts'
import { RefusalRecorder, type RefusalRecorderOptions } from './refusal-recorder.ts'

const TENANT = { org_id: 'org_1', environment: 'production' } as const

let written: RefusalEntry[]
let looked: string[]
let failing: boolean
let errors: unknown[]
let recorder: RefusalRecorder

beforeEach(() => {
  written = []
  looked = []
  failing = false
  errors = []
  recorder = recorderOf()
})
afterEach(() => recorder.close())

function recorderOf(more: Partial<RefusalRecorderOptions> = {}): RefusalRecorder {
  return new RefusalRecorder({
    store: {
      async addRefusals(refusals) {
        if (failing) throw new Error('disk full')
        written.push(...refusals)
      },
      async readClients(client_ids) {
        looked.push(...client_ids)
        return client_ids.map((client_id) =>
          client_id === 'known' ? ({ ...TENANT, client_id } as ClientRecord) : null,
        )
      },
    },
    now: () => 1_800_000_000_000,
    onError: (error) => errors.push(error),
    intervalMs: 3_600_000,
    ...more,
  })
}

function refused(
  kind = 'wrong_secret',
  client_id = 'known',
  changes: Partial<RefusedRequest> = {},
): RefusedRequest {
  return {
    reason: { kind, client_id } as RefusedRequest['reason'],
    status: 401,
    endpoint: 'POST /api/v1/login',
    address: '192.0.2.1',
    user_agent: null,
    request_id: 'r1',
    ...changes,
  }
}

describe('the refusal recorder', () => {
  it('keeps a refusal with the tenant of the client that it names', async () => {
    recorder.record(refused('audience_not_granted', 'known', { user_agent: 'curl\u001b[2J' }))
    await recorder.flush()
    const [{ id, ...entry } = assert.fail('nothing written')] = written
    assert.match(id, /^2027-01-15T08:00:00\.000Z-[\w-]{8}$/)
    assert.deepEqual(entry, {
      ...TENANT,
      client_id: 'known',
      kind: 'audience_not_granted',
      endpoint: 'POST /api/v1/login',
      status: 401,
      detail: {},
      address: '192.0.2.1',
      user_agent: 'curl?[2J',
      request_id: 'r1',
      times: 1,
    })
  })

  it('gives a client that does not exist to no tenant', async () => {
    recorder.record(refused('unknown_client', 'stranger'))
    recorder.record(refused('malformed_request', undefined, { reason: { kind: 'no_token' } }))
    await recorder.flush()
    for (const { org_id, environment, client_id } of written) {
      assert.deepEqual(
        { org_id, environment, client_id },
        { org_id: null, environment: null, client_id: null },
      )
    }
    assert.deepEqual(written[0]?.detail, { client_id: 'stranger' })
  })

  it('takes the client of a verified token as it is', async () => {
    recorder.record(refused('validation_error', 'ignored'), { ...TENANT, client_id: 'holder' })
    await recorder.flush()
    assert.equal(written[0]?.client_id, 'holder')
    assert.deepEqual(looked, [])
  })

  it('keeps a few of many, and one with the number of the others', async () => {
    for (let turn = 0; turn < 1000; turn++) {
      recorder.record(refused('wrong_secret', 'known', { request_id: `r${turn}` }))
    }
    recorder.record(refused('secret_expired'))
    await recorder.flush()
    const wrong = written.filter(({ kind }) => kind === 'wrong_secret')
    assert.equal(wrong.length, 6)
    assert.equal(
      wrong.reduce((sum, { times }) => sum + times, 0),
      1000,
    )
    assert.equal(wrong.at(-1)?.request_id, 'r999')
    assert.equal(written.length, 7)
    assert.equal(looked.length, 1)
    await recorder.flush()
    assert.equal(written.length, 7, 'nothing is written twice')
  })

  it('stays bounded whatever the number of clients, and counts what it drops', async () => {
    for (let client = 0; client < 10_000; client++) recorder.record(refused('x', `c${client}`))
    await recorder.flush()
    assert.equal(written.length + recorder.dropped, 10_000)
    assert.ok(written.length <= 50, `${written.length} entries`)
    assert.ok(looked.length <= 50)
  })

  it('keeps a part of that as one of several processes', async () => {
    const one = recorderOf({ processes: 4 })
    for (let client = 0; client < 100; client++) one.record(refused('x', `c${client}`))
    await one.close()
    assert.deepEqual([written.length, one.dropped], [13, 87])
  })

  it('keeps made-up clients of one address in one group, so that others have room', async () => {
    for (let client = 0; client < 1000; client++) {
      recorder.record(refused('unknown_client', `c${client}`))
    }
    recorder.record(refused('wrong_secret'))
    await recorder.flush()
    assert.equal(recorder.dropped, 0)
    assert.equal(written.filter(({ kind }) => kind === 'unknown_client').length, 6)
    assert.ok(written.some(({ kind }) => kind === 'wrong_secret'))
  })

  it('drops what the store does not accept, and goes on', async () => {
    failing = true
    for (let turn = 0; turn < 10; turn++) recorder.record(refused())
    await recorder.flush()
    assert.deepEqual(errors.map(String), ['Error: disk full'])
    assert.equal(recorder.dropped, 10)
    failing = false
    recorder.record(refused())
    await recorder.flush()
    assert.equal(written.length, 1)
  })
})
