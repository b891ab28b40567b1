/** The memory of a server's process, as the kernel counts it. */

import { readFileSync } from 'node:fs'
import type { RunningServer } from '../../conformance/support/running-server.ts'

const FIELDS = { now: 'VmRSS', peak: 'VmHWM' } as const

/** In bytes; NaN without `/proc`. */
export function memoryOf(server: Pick<RunningServer, 'pid'>, which: keyof typeof FIELDS): number {
  try {
    const status = readFileSync(`/proc/${server.pid()}/status`, 'utf8')
    return Number(new RegExp(`${FIELDS[which]}:\\s+(\\d+)`).exec(status)?.[1]) * 1024
  } catch {
    return Number.NaN
  }
}

export const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MB`
