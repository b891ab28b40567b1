/**
 * How many connections this process may keep: what the settings say, and no more than it has
 * descriptors for. The store, the log and the files need some, too; without them a flood of
 * connections would stop the service.
 */

import { readFileSync } from 'node:fs'
import type { ConnectionLimits } from '@modulariot/platform/http'
import type { Config } from '../config/parse-config.ts'

/** For databases, logs, keys and outgoing connections. */
const RESERVED_DESCRIPTORS = 128

/** @param maxOpenFiles of this process; null: unknown here. */
export function connectionLimits(
  { maxConnections, maxConnectionsPerAddress }: Config,
  maxOpenFiles: number | null = readMaxOpenFiles(),
): Pick<ConnectionLimits, 'max' | 'maxPerAddress'> {
  const descriptors = (maxOpenFiles ?? Number.POSITIVE_INFINITY) - RESERVED_DESCRIPTORS
  const max = Math.max(1, Math.min(maxConnections, descriptors))
  return { max, maxPerAddress: Math.min(max, maxConnectionsPerAddress) }
}

/** Linux tells; elsewhere null. Node raises the soft limit to the hard one when it starts. */
function readMaxOpenFiles(): number | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
    return soft === undefined ? null : Number(soft)
  } catch {
    return null
  }
}
