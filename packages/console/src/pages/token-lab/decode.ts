/** The parts of a pasted token. Nothing here is trusted, and nothing is sent. */

/** As long as a server reads. */
const MAX_LENGTH = 8192
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** They would let the signer choose the key, or change what the rest means. */
const FORBIDDEN_MEMBERS = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'enc', 'zip']

export type JsonObject = Readonly<Record<string, unknown>>

export type FormFault =
  | 'too_long'
  | 'segments'
  | 'encoding'
  | 'header_json'
  | 'header_member'
  | 'payload_json'

export interface Decoded {
  readonly segments: readonly string[]
  /** Null: it is not a JSON object, or has a member twice. */
  readonly header: JsonObject | null
  readonly claims: JsonObject | null
  /** Null: the form is that of a token. */
  readonly fault: FormFault | null
}

/** The token in what was pasted: also a whole answer of the login, or an `Authorization` header. */
export function tokenIn(text: string): string {
  const answer = /"access_token"\s*:\s*"([^"]*)"/.exec(text)?.[1]
  return (answer ?? text.trim().replace(/^(authorization:\s*)?bearer\s+/i, '')).trim()
}

export function decode(token: string): Decoded {
  const segments = token.split('.')
  const header = jsonOf(segments[0] ?? '')
  const claims = jsonOf(segments[1] ?? '')
  return { segments, header, claims, fault: faultOf(token, segments, header, claims) }
}

function faultOf(
  token: string,
  segments: readonly string[],
  header: JsonObject | null,
  claims: JsonObject | null,
): FormFault | null {
  if (token.length > MAX_LENGTH) return 'too_long'
  if (segments.length !== 3) return 'segments'
  if (!segments.every(isCanonical)) return 'encoding'
  if (header === null) return 'header_json'
  if (FORBIDDEN_MEMBERS.some((member) => Object.hasOwn(header, member))) return 'header_member'
  return claims === null ? 'payload_json' : null
}

/** Whether this is the one spelling of some bytes: another one would pass a revocation by. */
function isCanonical(text: string): boolean {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return false
  const rest = text.length % 4
  if (rest === 0) return true
  const last = ALPHABET.indexOf(text.at(-1) as string)
  return rest === 2 ? (last & 0b1111) === 0 : rest === 3 && (last & 0b11) === 0
}

export function bytesOf(segment: string): Uint8Array<ArrayBuffer> {
  const binary = atob(segment.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

function jsonOf(segment: string): JsonObject | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesOf(segment))
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
    return namesIn(text) > membersOf(value) ? null : (value as JsonObject)
  } catch {
    return null
  }
}

/** In valid JSON, strings before a colon are names: more of them than members, and one is twice. */
function namesIn(text: string): number {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon).length
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce((sum: number, child) => sum + membersOf(child), own)
}
