/**
 * Tokens kept outside of the process, so that a restart, or a neighbour process, need not ask for
 * its own.
 *
 * The port, and what is written through it. Where it is kept is the store's business; that the text
 * is as secret as the token in it, too.
 */

import type { Clock, Moment } from '../transport/clock.ts'
import { sha256 } from './credentials.ts'
import type { TokenAnswer } from './request-token.ts'

export interface TokenStore {
  /** What was last written under this key, or null. Keys are 64 hexadecimal digits. */
  read(key: string): Promise<string | null>
  /** Replaces it as a whole: a reader sees the old text or the new one. */
  write(key: string, text: string): Promise<void>
  /**
   * Waits until nobody else holds the lock of this key, and takes it. What it gives back releases
   * it.
   *
   * A holder that died does not keep it for ever.
   */
  lock(key: string, signal: AbortSignal): Promise<() => Promise<void>>
}

export interface StoreKeyParts {
  readonly server: string
  readonly client_id: string
  readonly audience: string
  readonly scope: string | null
  /** The secret, or what names the key: whoever has another one, or none, finds nothing. */
  readonly identity: string
}

/** Where the tokens of exactly these parts are kept. */
export async function storeKey(parts: StoreKeyParts): Promise<string> {
  const { server, client_id, audience, scope } = parts
  const fingerprint = await sha256(parts.identity)
  return sha256(JSON.stringify([server, client_id, audience, scope, fingerprint]))
}

/** How far a stored token may seem to come from the future before we distrust the clock. */
const CLOCK_TOLERANCE_MS = 60_000

export function writeStored(key: string, answer: TokenAnswer, begun: Moment): string {
  const { access_token, expires_in, refresh_in } = answer
  const stored = { version: 1, key, begun_ms: begun.wallMs, access_token, expires_in, refresh_in }
  return JSON.stringify(stored)
}

/**
 * What was stored and when its request was begun, on our clocks; null when it is not ours or not
 * readable.
 *
 * Only the wall clock survives a restart. Where it says that the token is from the future it was
 * set back, and how old the token is cannot be known.
 */
export function readStored(
  key: string,
  text: string | null,
  clock: Clock,
): { readonly answer: TokenAnswer; readonly begun: Moment } | null {
  if (text === null) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const stored: Record<string, unknown> = { ...value }
  const { access_token, begun_ms, expires_in, refresh_in } = stored
  if (stored.version !== 1 || stored.key !== key) return null
  if (typeof access_token !== 'string' || access_token === '') return null
  if (typeof begun_ms !== 'number' || !Number.isFinite(begun_ms)) return null
  const wallMs = clock.wallMs()
  const ageMs = wallMs - begun_ms
  if (ageMs < -CLOCK_TOLERANCE_MS) return null
  const begun = { wallMs: begun_ms, monotonicMs: clock.monotonicMs() - Math.max(0, ageMs) }
  return { answer: { access_token, expires_in, refresh_in }, begun }
}
