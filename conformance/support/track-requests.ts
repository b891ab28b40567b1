/** Requests to ModularIoT API with a token: reporting, and reading. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Answer, Connection } from './connection.ts'

export const SUCCESS = { status: 'success', message: 'Message sent successfully' } as const

/** All headers of a report except the token, with a new request id unless one is given. */
export function reportHeaders(requestId: string = randomUUID()) {
  return {
    'content-type': 'application/json',
    'x-request-id': requestId,
    'x-request-timestamp': String(Date.now() / 1000),
  }
}

/** A valid body. */
export function report(asset_id: string): { asset_id: string; timestamp: string } {
  return { asset_id, timestamp: new Date().toISOString() }
}

/** Sends a report with all its headers; `more` overrides them, and null removes one. */
export function track(
  connection: Connection,
  token: string,
  body: unknown,
  more: Record<string, string | null> = {},
  path = '/v1/asset/track',
): Promise<Answer> {
  const headers = Object.entries({ authorization: `Bearer ${token}`, ...reportHeaders(), ...more })
  return connection.send({
    path,
    headers: Object.fromEntries(headers.filter((entry) => entry[1] !== null)) as Record<
      string,
      string
    >,
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  })
}

/** The same for a batch: an array as JSON, a text as is. */
export function trackBatch(
  connection: Connection,
  token: string,
  body: unknown,
  more: Record<string, string | null> = {},
  query = '',
): Promise<Answer> {
  return track(connection, token, body, more, `/v1/asset/track/batch${query}`)
}

export function get(connection: Connection, token: string, path: string): Promise<Answer> {
  return connection.send({ method: 'GET', path, headers: { authorization: `Bearer ${token}` } })
}

export function getAsset(connection: Connection, token: string, asset_id: string): Promise<Answer> {
  return get(connection, token, `/v1/assets/${encodeURIComponent(asset_id)}`)
}

/** The ids of every asset the token's tenant has, page by page. */
export async function assetIds(
  connection: Connection,
  token: string,
  limit = 200,
): Promise<string[]> {
  const ids: string[] = []
  const seen = new Set<unknown>()
  for (let cursor: unknown = ''; cursor !== null; ) {
    assert.ok(!seen.has(cursor), 'cursors do not repeat')
    seen.add(cursor)
    const query = `limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`
    const answer = await get(connection, token, `/v1/assets?${query}`)
    assert.equal(answer.status, 200, answer.text)
    const page = answer.json() as { assets: { asset_id: string }[]; next_cursor: string | null }
    assert.ok(page.assets.length <= limit)
    ids.push(...page.assets.map((asset) => asset.asset_id))
    cursor = page.next_cursor
  }
  return ids
}

/** The shape of every refusal except validation errors. */
export function assertApiError(
  answer: Answer,
  status: number,
): { message: string; detail: string } {
  assert.equal(answer.status, status, answer.text)
  assert.match(String(answer.headers['content-type']), /^application\/json\b/)
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.match(String(answer.headers['x-request-id']), /^[\x21-\x7e]+$/)
  const { status: word, message, detail, ...rest } = answer.json()
  assert.deepEqual([word, rest], ['error', {}], answer.text)
  assert.ok(typeof message === 'string' && message !== '', answer.text)
  assert.ok(typeof detail === 'string' && detail !== '', answer.text)
  return { message, detail }
}
