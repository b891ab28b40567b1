/**
 * Connection limits: those of the settings, capped by the process's file descriptors. Some are
 * reserved for the store, the log and files, which a flood of connections must not take.
 */

import { readFileSync } from 'node:fs'
import { CONNECTION_LIMITS, type ConnectionLimits } from '@modulariot/platform/connection-limits'
import type { Config } from '../config/parse-config.ts'

/** For databases, logs, keys and outgoing connections. */
const RESERVED_DESCRIPTORS = 128

/**
 * The part of the limits that one of `processes` equal processes has.
 *
 * @param maxOpenFiles descriptor limit of this process; null when unknown.
 */
export function connectionLimits(
  { maxConnections, maxConnectionsPerAddress }: Config,
  processes: number,
  maxOpenFiles: number | null = readMaxOpenFiles(),
): Pick<ConnectionLimits, 'max' | 'maxPerAddress' | 'unsentBytes'> {
  const descriptors = (maxOpenFiles ?? Number.POSITIVE_INFINITY) - RESERVED_DESCRIPTORS
  const max = Math.max(1, Math.min(Math.ceil(maxConnections / processes), descriptors))
  return {
    max,
    maxPerAddress: Math.min(max, Math.ceil(maxConnectionsPerAddress / processes)),
    unsentBytes: Math.ceil(CONNECTION_LIMITS.unsentBytes / processes),
  }
}

/** On Linux; null elsewhere. Node raises the soft limit to the hard limit when it starts. */
function readMaxOpenFiles(): number | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
    return soft === undefined ? null : Number(soft)
  } catch {
    return null
  }
}
