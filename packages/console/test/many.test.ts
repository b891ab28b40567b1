/** A change to many applications: its parts, how it ends, and the file of new secrets. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChangeResult } from '../src/api/admin.ts'
import { secretsCsv } from '../src/pages/applications/many/files.ts'
import { countsOf, partSize, runParts } from '../src/pages/applications/many/run.ts'
import { NOTHING, toggled } from '../src/pages/applications/many/selection.ts'

const ids = Array.from({ length: 7 }, (_, index) => `c${index}`)

const changed = (client_ids: readonly string[]): ChangeResult[] =>
  client_ids.map((client_id) => ({ client_id, status: 'changed' }))

describe('a change to many applications', () => {
  it('is sent a part at a time, and reports after each', async () => {
    const seen: number[] = []
    const sent: (readonly string[])[] = []
    const run = await runParts(ids, {
      size: 3,
      send: async (part) => {
        sent.push(part)
        return changed(part)
      },
      onResults: ({ length }) => seen.push(length),
      isStopped: () => false,
    })
    assert.deepEqual([seen, run.failure], [[3, 6, 7], null])
    assert.deepEqual(sent.flat(), ids)
    assert.deepEqual(
      run.results.map(({ client_id }) => client_id),
      ids,
    )
    assert.ok(partSize('rotate') < partSize('disable'))
  })

  it('waits for the part that was sent, and sends none after it was stopped', async () => {
    let stopped = false
    const run = await runParts(ids, {
      size: 3,
      send: async (part) => {
        stopped = true
        return changed(part)
      },
      onResults: () => {},
      isStopped: () => stopped,
    })
    assert.deepEqual([run.results.length, run.failure], [3, null])
  })

  it('keeps what was done when a request fails, and when the server stops', async () => {
    const lost = new Error('no answer')
    const failing = await runParts(ids, {
      size: 3,
      send: async (part) => {
        if (part.includes('c3')) throw lost
        return changed(part)
      },
      onResults: () => {},
      isStopped: () => false,
    })
    assert.deepEqual([failing.results.length, failing.failure], [3, lost])
    const error = { code: 'invalid_token', message: 'ended' }
    const stopping = await runParts(ids, {
      size: 3,
      send: async ([first = '', ...others]) => [
        ...changed([first]),
        ...others.map((client_id) => ({ client_id, status: 'stopped' as const, error })),
      ],
      onResults: () => {},
      isStopped: () => false,
    })
    assert.deepEqual([stopping.results.length, stopping.failure], [1, 'ended'])
  })

  it('counts each result once', () => {
    const results: ChangeResult[] = [
      ...changed(['a', 'b']),
      { client_id: 'c', status: 'unchanged' },
      { client_id: 'd', status: 'refused' },
    ]
    assert.deepEqual(countsOf(results), { changed: 2, unchanged: 1, refused: 1 })
  })

  it('writes only secrets that exist, and no formula', () => {
    const one = { client_id: 'c1', name: '=1+1', external_id: 'a,b', last_used_at: null }
    const results: ChangeResult[] = [
      { client_id: 'c1', status: 'changed', secret_id: 's1', client_secret: 'miot_dev_1' },
      { client_id: 'c2', status: 'changed', secret_id: 's2', client_secret: null },
      { client_id: 'c3', status: 'refused' },
    ]
    assert.equal(
      secretsCsv(results, new Map([['c1', one]])),
      'client_id,external_id,name,secret_id,client_secret\r\nc1,"a,b",\'=1+1,s1,miot_dev_1\r\n',
    )
  })

  it('is no longer about a filter once one application is picked or dropped', () => {
    const client = { client_id: 'c1', name: 'n', external_id: null, last_used_at: null } as never
    const all = { ...toggled(NOTHING, client), filters: { tag: 'north' } }
    const less = toggled(all, client)
    assert.deepEqual([less.clients.size, less.filters, all.clients.size], [0, null, 1])
  })
})
