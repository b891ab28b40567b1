/**
 * The flat shape of metrics, which pages of the platform also show: `device_id` instead of
 * `asset_id`, and `metrics` as an array of `{ key, value, unit, timestamp }`. `lenient` validation
 * reads it as a report, `strict` refuses it and shows the replacement. A report may also hold it
 * whole, as its `metrics`.
 *
 * Pure. The body is not changed, and values are not checked here.
 */

import { METRICS_SCHEMA } from './asset-tracking-data.ts'
import { echo, type Faults, type Path } from './faults.ts'
import { parseTimestamp } from './timestamp.ts'

type Fields = Readonly<Record<string, unknown>>

/** A report in the shape of the schema. */
export interface ReadBody {
  readonly body: unknown
  /** The path of the same value in the body as sent. */
  readonly pathAsSent: (path: Path) => Path
}

/** Returns any other body as it is. */
export function readFlat(body: unknown): ReadBody {
  if (!isFields(body)) return asItIs(body)
  if (!isNested(body)) return isFlat(body) ? readFlatFields(body) : asItIs(body)
  const outer = liftNested(body)
  const inner = readFlatFields(outer.body)
  return { body: inner.body, pathAsSent: (path) => outer.pathAsSent(inner.pathAsSent(path)) }
}

const asItIs = (body: unknown): ReadBody => ({ body, pathAsSent: (path) => path })

/** A report whose `metrics` are a whole flat body. */
interface NestedBody extends Fields {
  readonly metrics: Fields & { readonly metrics: readonly unknown[] }
}

function isNested(body: Fields): body is NestedBody {
  const { metrics } = body
  return isFields(metrics) && Array.isArray(metrics.metrics) && metrics.items === undefined
}

interface FlatBody extends ReadBody {
  readonly body: Fields & { readonly metrics: readonly unknown[] }
}

/** What a flat body says besides its values. Where the report says it too, the report wins. */
const LIFTED = ['asset_id', 'device_id', 'timestamp', 'sequence'] as const

/** The flat body that a nested one stands for. Its values keep the time of the body they are in. */
function liftNested(body: NestedBody): FlatBody {
  const { metrics: inner } = body
  const lifted = LIFTED.filter((field) => body[field] === undefined && inner[field] !== undefined)
  const isOtherTime = body.timestamp !== undefined && inner.timestamp !== body.timestamp
  const ownTime = isOtherTime ? inner.timestamp : undefined
  const takesOwnTime = (item: unknown): item is Fields =>
    ownTime !== undefined && isFields(item) && item.ts === undefined && item.timestamp === undefined
  return {
    body: {
      ...body,
      ...Object.fromEntries(lifted.map((field) => [field, inner[field]])),
      metrics: Array.from(inner.metrics, (item) =>
        takesOwnTime(item) ? { ...item, ts: ownTime } : item,
      ),
    },
    pathAsSent(path) {
      const [field, ...more] = path
      if (lifted.some((name) => name === field)) return ['metrics', ...path]
      if (field !== 'metrics') return path
      const [index, member] = more
      const isOwnTime = member === 'ts' && takesOwnTime(inner.metrics[index as number])
      return isOwnTime ? ['metrics', 'timestamp'] : ['metrics', 'metrics', ...more]
    },
  }
}

function readFlatFields(body: Fields): ReadBody {
  const { asset_id = body.device_id, timestamp, gps, metrics, ...rest } = body
  const items = Array.isArray(metrics) ? Array.from(metrics, readItem) : []
  const newest = timestamp === undefined ? newestOf(items) : undefined
  const fix = gps === undefined ? fixOf(items, timestamp) : new Map<string, ReadItem>()
  const measured = items.filter((item) => ![...fix.values()].includes(item))
  const read = {
    ...rest,
    ...present('asset_id', asset_id),
    ...present('timestamp', newest?.fields.ts ?? timestamp),
    ...present('gps', fix.size === 0 ? gps : valuesOf(fix)),
    ...present('metrics', Array.isArray(metrics) ? envelopeOf(body, items, measured) : metrics),
  }
  return {
    body: read,
    pathAsSent([field, ...more]) {
      if (field === 'asset_id' && body.asset_id === undefined && body.device_id !== undefined) {
        return ['device_id', ...more]
      }
      if (field === 'timestamp' && newest !== undefined) return newest.pathOf(['ts'])
      const moved = field === 'gps' ? fix.get(String(more[0])) : undefined
      if (moved !== undefined) return moved.pathOf(['v'])
      if (field !== 'metrics' || !Array.isArray(metrics)) return [field as string, ...more]
      const [member, index, ...inside] = more
      if (member === 'seq') return ['sequence']
      return measured[index as number]?.pathOf(inside) ?? ['metrics']
    },
  }
}

/** Adds the faults of a flat body, with what to send instead. */
export function refuseFlat(body: unknown, faults: Faults): void {
  if (!isFields(body)) return
  const isInReport = isNested(body)
  const { body: flat, pathAsSent } = isInReport ? liftNested(body) : { ...asItIs(body), body }
  if (isForeignId(flat)) {
    const id = () =>
      typeof flat.device_id === 'string' ? echo(flat.device_id, 'the same text') : '"…"'
    faults.add(pathAsSent(['device_id']), () => `must be sent as asset_id: "asset_id": ${id()}`)
  }
  if (Array.isArray(flat.metrics)) {
    const sent = flat.metrics
    const what = isInReport ? 'must be sent as items' : 'must be an object, not an array'
    faults.add(pathAsSent(['metrics']), () => `${what}: ${replacementOf(flat, sent)}`)
  }
}

const isForeignId = (body: Fields): boolean =>
  body.asset_id === undefined && body.device_id !== undefined

const isFlat = (body: Fields): boolean => Array.isArray(body.metrics) || isForeignId(body)

/** Characters of a replacement that is shown completely. */
const MAX_SHOWN = 500

function replacementOf(body: Fields, sent: readonly unknown[]): string {
  const items = Array.from(
    { length: Math.min(sent.length, 20) },
    (_, at) => readItem(sent[at], at).item,
  )
  const whole = JSON.stringify(envelope(body, items))
  if (sent.length <= items.length && whole.length <= MAX_SHOWN) return `"metrics": ${whole}`
  const example = [{ k: 'engine.rpm', v: 2150, u: 'rpm' }]
  const first = JSON.stringify(envelope(body, items.slice(0, 1)))
  const shown = first.length <= MAX_SHOWN ? first : JSON.stringify(envelope({}, example))
  return `"metrics": ${shown.replace(/\]\}$|\](?=,"seq)/, (end) => `, …${end}`)}`
}

const envelope = (body: Fields, items: readonly unknown[]) => ({
  schema: METRICS_SCHEMA,
  items,
  ...present('seq', body.sequence),
})

/** Left out if every item is part of the position. */
function envelopeOf(
  body: Fields,
  items: readonly ReadItem[],
  measured: readonly ReadItem[],
): object | undefined {
  if (items.length > 0 && measured.length === 0) return undefined
  return envelope(
    body,
    measured.map(({ item }) => item),
  )
}

interface ReadItem {
  /** In the shape of the schema; a value that is no object is left as it is. */
  readonly item: unknown
  /** Empty unless the item is an object. */
  readonly fields: Fields
  readonly pathOf: (inside: Path) => Path
}

/** Field names of an item, and the other names they may have. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  k: ['k', 'key', 'name'],
  v: ['v', 'value'],
  u: ['u', 'unit'],
  ts: ['ts', 'timestamp'],
  src: ['src', 'source'],
  q: ['q', 'quality'],
  meta: ['meta', 'metadata'],
}

function readItem(item: unknown, index: number): ReadItem {
  if (!isFields(item)) {
    return { item, fields: {}, pathOf: (inside) => ['metrics', index, ...inside] }
  }
  const nameOf = (field: string): string =>
    NAMES[field]?.find((name) => item[name] !== undefined) ?? field
  const fields = Object.fromEntries(
    Object.keys(NAMES).flatMap((field) => {
      const sent = item[nameOf(field)]
      return sent === undefined ? [] : [[field, sent]]
    }),
  )
  // A missing field is named as in its neighbours.
  const missing: Readonly<Record<string, string>> =
    item.k === undefined && item.v === undefined ? { k: 'key', v: 'value' } : {}
  const sentName = (field: string): string =>
    fields[field] === undefined ? (missing[field] ?? field) : nameOf(field)
  return {
    item: fields,
    fields,
    pathOf: ([field, ...deeper]) =>
      field === undefined
        ? ['metrics', index]
        : ['metrics', index, sentName(String(field)), ...deeper],
  }
}

/** The item with the newest valid timestamp. */
function newestOf(items: readonly ReadItem[]): ReadItem | undefined {
  let newest: ReadItem | undefined
  let newestMs = Number.NEGATIVE_INFINITY
  for (const item of items) {
    const { ts } = item.fields
    const ms = typeof ts === 'string' ? parseTimestamp(ts) : null
    if (ms !== null && ms > newestMs) {
      newest = item
      newestMs = ms
    }
  }
  return newest
}

const POSITION = /^position\.(latitude|longitude|altitude|speed|heading|accuracy|satellites)$/

/** The items that form the position of the report, by their field of `gps`. */
function fixOf(items: readonly ReadItem[], timestamp: unknown): Map<string, ReadItem> {
  const fix = new Map<string, ReadItem>()
  for (const item of items) {
    const { k, v, ts } = item.fields
    const field = typeof k === 'string' ? POSITION.exec(k)?.[1] : undefined
    if (field === undefined || typeof v !== 'number') continue
    // A track of several positions, or one of another time, stays metrics.
    if (fix.has(field) || (ts !== undefined && ts !== timestamp)) return new Map()
    fix.set(field, item)
  }
  return fix.has('latitude') && fix.has('longitude') ? fix : new Map()
}

const valuesOf = (fix: ReadonlyMap<string, ReadItem>): object =>
  Object.fromEntries([...fix].map(([field, { fields }]) => [field, fields.v]))

const present = (name: string, value: unknown): object =>
  value === undefined ? {} : { [name]: value }

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
