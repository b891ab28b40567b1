/** Refuses a flood of failures before any byte of the body is read. */

import { clientAddress } from '@modulariot/platform/http'
import type { onRequestHookHandler } from 'fastify'
import type { LoginLimits } from '../limits/login-limits.ts'

export function belowCeiling(limits: LoginLimits): onRequestHookHandler {
  return (request, _reply, done) => {
    done(limits.refusalAtCeiling(clientAddress(request)) ?? undefined)
  }
}
