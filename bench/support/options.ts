/** Options shared by measurements that compare the stores in rounds. */

import type { ParseArgsOptionsConfig } from 'node:util'
import { STORES } from './our-server.ts'

export const ROUND_OPTIONS = {
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '3' },
  store: { type: 'string', multiple: true, default: [...STORES] },
  json: { type: 'boolean', default: false },
} satisfies ParseArgsOptionsConfig

/** Options that cannot be used; the message says how to write them. */
export class UsageError extends Error {}

/** True also for what `parseArgs` refuses. */
export function isUsageError(error: unknown): error is Error {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS_')
}
