/**
 * Tokens kept outside of the process, so that after a restart, or in another process, no new one
 * has to be requested.
 *
 * The port, and the text written through it. Where the text is kept is up to the store; it must be
 * kept as secret as the token in it.
 */

import type { Clock, Moment } from '../transport/clock.ts'
import { sha256 } from './credentials.ts'
import type { TokenAnswer } from './request-token.ts'

export interface TokenStore {
  /** What was last written under this key, or null. Keys are 64 hexadecimal digits. */
  read(key: string): Promise<string | null>
  /** Replaces the whole text: a reader sees the old text or the new one. */
  write(key: string, text: string): Promise<void>
  /**
   * Waits for the lock of this key and acquires it. The returned function releases it.
   *
   * A lock whose holder died must become free again.
   */
  lock(key: string, signal: AbortSignal): Promise<() => Promise<void>>
}

export interface StoreKeyParts {
  readonly server: string
  readonly client_id: string
  readonly audience: string
  readonly scope: string | null
  /** The secret, or the name of the key: another one finds nothing. */
  readonly identity: string
}

/** The key under which tokens for exactly these parts are stored. */
export async function storeKey(parts: StoreKeyParts): Promise<string> {
  const { server, client_id, audience, scope } = parts
  const fingerprint = await sha256(parts.identity)
  return sha256(JSON.stringify([server, client_id, audience, scope, fingerprint]))
}

/** How far in the future a stored token may appear before the clock is distrusted. */
const CLOCK_TOLERANCE_MS = 60_000

export function writeStored(key: string, answer: TokenAnswer, begun: Moment): string {
  const { access_token, expires_in, refresh_in } = answer
  const stored = { version: 1, key, begun_ms: begun.wallMs, access_token, expires_in, refresh_in }
  return JSON.stringify(stored)
}

/**
 * What was stored, and when its request was sent, on our clocks; null when it is not ours or
 * unreadable.
 *
 * Only the wall clock survives a restart. If by that clock the token is from the future, the clock
 * was set back, and the token's age is unknown.
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
