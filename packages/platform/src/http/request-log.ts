/**
 * The lines about requests that were not fulfilled. Every one names the client's address: guesses
 * and misconfigured devices are found by it.
 */

import type { FastifyRequest } from 'fastify'
import { repeatedFailuresOf } from '../logging/repeated-failures.ts'
import { StoreUnavailable } from '../storage/errors.ts'
import { clientAddress } from './client-address.ts'

/** A reason for the log; its kind is one of a fixed list, never what was sent. */
export interface LoggedReason {
  readonly kind: string
}

/** @param members beside the address and the reason. */
export function logRefused(request: FastifyRequest, reason: LoggedReason, members: object): void {
  request.log.info({ ...members, address: clientAddress(request), reason }, 'refused')
}

/** For a policy that only observes. */
export function logWouldBeRefused(request: FastifyRequest, reason: LoggedReason): void {
  request.log.warn({ address: clientAddress(request), reason }, 'would be refused')
}

/** The server's own fault. A store that is unavailable fails every request: those are counted. */
export function logFailed(request: FastifyRequest, error: Error, members: object = {}): void {
  if (error instanceof StoreUnavailable) {
    repeatedFailuresOf(request.server.log).failed(request.log, error, 'failed', members)
  } else request.log.error({ ...members, err: error }, 'failed')
}
