/**
 * A page of the revocation feed as received over the network: nothing in it is trusted before it is
 * checked.
 */

import { hasDuplicateMembers, type Revocation, type RevocationPage } from '../protocol/index.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * Ids are some 30 characters long, and an entry may be kept for long: a longer one is not an id.
 */
const MAX_ID_LENGTH = 256
/** A cursor is sent back in a URL. */
const MAX_CURSOR_LENGTH = 1024

const isText = (value: unknown, maxLength = MAX_ID_LENGTH) =>
  typeof value === 'string' && value !== '' && value.length <= maxLength
const isTime = (value: unknown) => typeof value === 'number' && Number.isFinite(value)

/** What each kind requires besides `expires`. A new kind is a new row. */
const KINDS: Readonly<Record<Revocation['kind'], (entry: Members) => boolean>> = {
  token: ({ jti }) => isText(jti),
  client: ({ client_id, issued_until }) => isText(client_id) && isTime(issued_until),
  key: ({ kid }) => isText(kid),
}

/**
 * Unknown kinds are skipped, so that the server may learn new ones first. An unreadable entry of a
 * known kind is an error: skipping it would keep a revoked token in use.
 *
 * @throws Error when the text is not a valid page.
 */
export function parseRevocationPage(text: string): RevocationPage {
  const value: unknown = JSON.parse(text)
  if (!isMembers(value) || hasDuplicateMembers(text, value)) throw new Error('not a page')
  const { revocations, cursor, more } = value
  if (
    !Array.isArray(revocations) ||
    !isText(cursor, MAX_CURSOR_LENGTH) ||
    typeof more !== 'boolean'
  ) {
    throw new Error('not a page')
  }
  const known = revocations.filter((entry) => !isMembers(entry) || isKnown(entry.kind))
  for (const entry of known) {
    const fits = isMembers(entry) && isTime(entry.expires) && KINDS[kindOf(entry)](entry)
    if (!fits) throw new Error('an entry cannot be read')
  }
  return { revocations: known as Revocation[], cursor: cursor as string, more }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isKnown(kind: unknown): boolean {
  return typeof kind !== 'string' || Object.hasOwn(KINDS, kind)
}

function kindOf({ kind }: Members): Revocation['kind'] {
  if (typeof kind !== 'string') throw new Error('an entry cannot be read')
  return kind as Revocation['kind']
}
