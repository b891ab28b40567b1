/**
 * What an audit entry holds of a change: only what differs. A PATCH of a few bytes on a large
 * client must not add the whole client to the trail twice.
 */

import { createHash } from 'node:crypto'

export interface Changes {
  readonly before: unknown
  readonly after: unknown
}

type Members = Readonly<Record<string, unknown>>

/** The member that identifies an element of a list of objects. */
const IDENTITY: Readonly<Record<string, string>> = {
  grants: 'audience',
  secrets: 'secret_id',
  keys: 'kid',
}

/** Of one member as JSON, in UTF-16 code units. A longer one is replaced by its digest. */
export const MAX_MEMBER_LENGTH = 8 * 1024

/**
 * The members that differ, each with its value before and after. For a list, `before` has the
 * removed elements and `after` the added ones; an element that is in both and differs has its
 * identity and the members that differ. The order of a list has no meaning in our records and is
 * not compared.
 *
 * @param before null for something new, which is kept whole.
 */
export function changesOf(before: object | null, after: object): Changes {
  if (before === null) return { before: null, after: bounded(after as Members) }
  const changed = compareMembers(before as Members, after as Members)
  return { before: bounded(changed.before), after: bounded(changed.after) }
}

function compareMembers(before: Members, after: Members) {
  const changed = { before: {} as Record<string, unknown>, after: {} as Record<string, unknown> }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name], after[name]]
    const different = compare(name, was, is)
    if (different === null) continue
    changed.before[name] = different.before
    changed.after[name] = different.after
  }
  return changed
}

/** Null when they are equal. */
function compare(name: string, before: unknown, after: unknown): Changes | null {
  if (JSON.stringify(before) === JSON.stringify(after)) return null
  if (Array.isArray(before) && Array.isArray(after)) {
    const changed = compareLists(before, after, IDENTITY[name])
    return changed.before.length + changed.after.length === 0 ? null : changed
  }
  if (isMembers(before) && isMembers(after)) return compareMembers(before, after)
  return { before, after }
}

function compareLists(before: readonly unknown[], after: readonly unknown[], identity?: string) {
  const keyOf = (element: unknown): unknown =>
    identity !== undefined && isMembers(element) ? element[identity] : JSON.stringify(element)
  const [was, is] = [before, after].map((list) => new Map(list.map((one) => [keyOf(one), one])))
  const changed = { before: [] as unknown[], after: [] as unknown[] }
  for (const [key, element] of was as Map<unknown, unknown>) {
    if (!is?.has(key)) changed.before.push(element)
  }
  for (const [key, element] of is as Map<unknown, unknown>) {
    const previous = was?.get(key)
    if (previous === undefined) changed.after.push(element)
    else if (identity !== undefined) compareElements(identity, previous, element, changed)
  }
  return changed
}

function compareElements(
  identity: string,
  before: unknown,
  after: unknown,
  changed: { before: unknown[]; after: unknown[] },
): void {
  const different = compare('', before, after)
  if (different === null) return
  const key = { [identity]: (after as Members)[identity] }
  changed.before.push({ ...key, ...(different.before as Members) })
  changed.after.push({ ...key, ...(different.after as Members) })
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** With the digest, an auditor who has the text can prove that it is the one. */
function bounded(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => {
      const text = JSON.stringify(value) ?? ''
      if (text.length <= MAX_MEMBER_LENGTH) return [name, value]
      const sha256 = createHash('sha256').update(text).digest('hex')
      const elements = Array.isArray(value) ? { elements: value.length } : {}
      return [name, { omitted: { ...elements, bytes: Buffer.byteLength(text), sha256 } }]
    }),
  )
}
