/** How many equal processes serve: a text of a setting or an option. */

import { availableParallelism } from 'node:os'

/** More are a mistake: each takes the memory of a server. */
const MAX_WORKERS = 128

/** `auto`: as many as this machine runs at a time. */
export function parseWorkers(text: string): number {
  if (text === 'auto') return Math.min(availableParallelism(), MAX_WORKERS)
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (number < 1 || number > MAX_WORKERS) {
    throw new Error(`must be a whole number from 1 to ${MAX_WORKERS}, or auto for one on each core`)
  }
  return number
}
