/**
 * Expensive requests of one client: valid and invalid ones.
 *
 * A new one is a new row; `seeds` stores the data that the reads need.
 */

import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Request } from '../../conformance/support/connection.ts'
import { reportHeaders } from '../../conformance/support/track-requests.ts'

export interface Attack {
  /** Expected statuses; also 429, when the client's budget of processor time is used up. */
  readonly answers: readonly number[]
  /** The request without the token. */
  readonly request: () => Request
  /** True if the work is long enough to run in many slices. */
  readonly sliced?: true
}

const MIB = 1024 ** 2
const NOW = new Date().toISOString()
const HEAD = `"asset_id":"heavy","timestamp":"${NOW}"`
/** Values in a report; `docs/http.md`. */
const REPORT_VALUES = 10_000

const times = (count: number, unit: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => unit(index)).join(',')
const metrics = (items: string, more = ''): string =>
  `{${HEAD},"metrics":{"schema":"miot.metrics@1.0","items":[${items}]${more}}}`

function report(text: string, path = '/v1/asset/track'): () => Request {
  const body = gzipSync(text)
  return () => ({
    path,
    headers: { ...reportHeaders(randomUUID()), 'content-encoding': 'gzip' },
    body,
  })
}

const batch = (items: string): (() => Request) => report(`[${items}]`, '/v1/asset/track/batch')
const read = (path: string) => () => ({ method: 'GET', path })

const refused = (text: string): Attack => ({ answers: [400], request: report(text) })
const legal = (request: () => Request, ...answers: number[]): Attack => ({
  answers: answers.length > 0 ? answers : [200],
  request,
})

const sliced = (request: () => Request): Attack => ({ answers: [200], request, sliced: true })

const DEEP = `${'['.repeat(29)}${']'.repeat(29)}`
const fullItem = (index: number): string =>
  `{"k":"x.full.k${index}","v":${index},"u":"rpm","ts":"${NOW}","src":"can","q":"ok","meta":{"pid":"0C","spn":190,"can_id":"18FEF100"}}`
const fullEvent = (index: number): string =>
  `{"event_type":"e${index}","timestamp":"${NOW}","severity":"low","description":"d","threshold_exceeded":{"a":1},"additional_info":{"g_force":1,"speed_at_event":2,"cargo_weight":3}}`
const members = (count: number, prefix = 'k'): string =>
  `{${times(count, (index) => `"${prefix}${index}":1`)}}`

export const ATTACKS: Readonly<Record<string, Attack>> = {
  // Attacks seen in practice, a few kilobytes of gzip each.
  'arrays 29 deep': refused(`{${HEAD},"own":[${times(MIB / 60, () => DEEP)}]}`),
  'invalid events': refused(`{${HEAD},"events":[${times(MIB / 3 - 99, () => '{}')}]}`),
  'a metric value of 80,000 members': refused(metrics(`{"k":"x.a","v":${members(80_000)}}`)),
  'capabilities of half a million': refused(
    metrics('{"k":"x.a","v":1}', `,"capabilities":[${times(MIB / 2 - 99, () => '0')}]`),
  ),
  'a member named often': refused(`{${HEAD},"own":{${times(MIB / 6 - 99, () => '"a":1')}}}`),
  'a batch of half a million values': {
    answers: [413],
    request: batch(times(999, () => `{${HEAD},"own":[${times(500, () => '0')}]}`)),
  },
  // At the limits, in valid documents.
  'every metric and event in full': legal(
    report(
      `${metrics(times(200, fullItem)).slice(0, -1)},"events":[${times(200, fullEvent)}],"own":[${times(3000, () => '0')}]}`,
    ),
  ),
  'long values': legal(
    report(metrics(times(9, (index) => `{"k":"x.v${index}","v":${members(1020)}}`))),
  ),
  'as many members as there may be': legal(
    report(`{${HEAD},"own":${members(REPORT_VALUES - 9, 'member of a long name ')}}`),
  ),
  'as many numbers as there may be': legal(
    report(`{${HEAD},"own":{${times(REPORT_VALUES - 9, (index) => `"${index * 7919}":1`)}}}`),
  ),
  'a mebibyte of escapes': legal(report(`{${HEAD},"own":"${'\\"'.repeat(MIB / 2 - 99)}"}`)),
  'a mebibyte of blanks': legal(report(`{${HEAD}${' '.repeat(MIB - 99)}}`)),
  'a mebibyte of Unicode': legal(report(`{${HEAD},"own":"${'ж😀'.repeat(MIB / 6 - 99)}"}`)),
  'many faults': legal(
    report(
      metrics(
        times(200, () => '{"k":"Engine RPM","v":[],"u":7,"ts":"now","src":7,"q":7,"meta":7}'),
        `,"capabilities":[${times(8000, () => '0')}]`,
      ),
    ),
    400,
  ),
  'a batch of as many values as there may be': legal(
    batch(times(1000, () => metrics(times(29, (index) => `{"k":"x.k${index}","v":1}`)))),
  ),
  'a batch of escapes': legal(batch(times(900, () => `{${HEAD},"own":"${'\\"'.repeat(2800)}"}`))),
  'a batch of faults': sliced(
    batch(times(1000, () => metrics(times(18, () => '{"k":"A","v":[],"u":7}')))),
  ),
  // Reads.
  'the newest of 1,000 keys': legal(read('/v1/assets/keys/metrics')),
  'a page of long values': legal(read('/v1/assets/samples/metrics?key=x.samples&limit=1000')),
  'a page of long events': legal(read('/v1/assets/events/events?limit=1000')),
  'a page of large reports': legal(read('/v1/assets?type=Large&limit=200')),
  'a page of positions': legal(read('/v1/assets/positions/positions?limit=1000')),
  'a search that finds nothing': legal(read('/v1/assets?search=nothing-is-called-so')),
  'a chart': sliced(read('/v1/assets/numbers/metrics?key=x.n&bucket=1d&from=2026-01-01T00:00:00Z')),
  'many query parameters': legal(read(`/v1/assets?${'search=a&'.repeat(1500)}`), 400),
}

/** Batches that store the data for the reads above, each within the limits. */
export function* seeds(): Generator<string> {
  const at = Date.parse(NOW)
  const time = (index: number): string => new Date(at - index * 1000).toISOString()
  const one = (asset_id: string, index: number, more: string): string =>
    `{"asset_id":"${asset_id}","timestamp":"${time(index)}",${more}}`
  const many = (items: string): string =>
    `"metrics":{"schema":"miot.metrics@1.0","items":[${items}]}`
  yield times(5, (part) =>
    one('keys', part, many(times(200, (index) => `{"k":"x.k${part * 200 + index}","v":1}`))),
  )
  const samples = `{"k":"x.samples","v":[${times(1024, () => '0')}]}`
  for (let part = 0; part < 12; part++) {
    yield times(10, (index) => one('samples', part * 10 + index, many(times(9, () => samples))))
  }
  const event = (index: number): string =>
    `{"event_type":"e","timestamp":"${time(index)}","own":{${times(40, (name) => `"k${name}":1`)}},"description":"${'d'.repeat(1500)}"}`
  yield times(5, (part) =>
    one('events', part, `"events":[${times(200, (index) => event(part * 200 + index))}]`),
  )
  const large = `"type":"Large","own":"${'o'.repeat(10_000)}"`
  yield times(200, (index) => one(`large-${index}`, index, large))
  yield times(1000, (index) => one('positions', index, '"gps":{"latitude":1.5,"longitude":2.5}'))
  for (let part = 0; part < 5; part++) {
    yield times(1000, (index) => one(`one-of-many-${part * 1000 + index}`, index, '"type":"Many"'))
    yield times(120, (index) => {
      const first = (part * 120 + index) * 200
      const items = times(200, (item) => `{"k":"x.n","v":${item},"ts":"${time(first + item)}"}`)
      return one('numbers', first, many(items))
    })
  }
}
