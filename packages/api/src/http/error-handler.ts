/** Renders the errors of ModularIoT API's routes in the format of docs/http.md. */

import { bearerChallenge, isAboutToken, OAuthError } from '@modulariot/oauth/protocol'
import {
  logFailed,
  logRefused,
  MethodNotAllowed,
  type RefusedRequest,
  refusedRequest,
  type UnroutedRefusal,
} from '@modulariot/platform/http'
import { JsonBodyError } from '@modulariot/platform/json'
import { StoreUnavailable } from '@modulariot/platform/storage'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { ApiError, ValidationError } from '../errors/api-error.ts'
import { mebibytes } from '../ingest/report-body.ts'
import { reasonOf } from './refusal-kinds.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The media types of bodies that the route accepts. Default: JSON. */
    mediaTypes?: readonly string[]
  }
}

/** Texts for errors that Fastify raises before our code runs. */
const TRANSPORT_ERRORS: Readonly<
  Record<number, (request: FastifyRequest) => { message: string; detail: string }>
> = {
  413: ({ routeOptions }) => ({
    message: 'Body too large',
    detail: `The body is larger than ${mebibytes(routeOptions.bodyLimit)}`,
  }),
  415: ({ routeOptions }) => ({
    message: 'Unsupported media type',
    detail: `Send the body as ${routeOptions.config.mediaTypes?.join(' or ') ?? JSON_TYPE}`,
  }),
}

const JSON_TYPE = 'application/json'

const RETRY_AFTER_SECONDS: Readonly<Record<number, number>> = { 429: 1, 503: 5 }

/** The refusal as it may be kept; null for what is not the caller's doing. */
export function refusedOf(error: FastifyError, request: FastifyRequest): RefusedRequest | null {
  const status = error instanceof ValidationError ? 400 : answerFor(error, request).status
  return status >= 500 ? null : refusedRequest(request, reasonOf(error, status), status)
}

export function createErrorHandler(resource_metadata: string) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    reply.header('cache-control', 'no-store')
    if (error instanceof ValidationError) {
      const { message, errors } = error
      const faults = Object.keys(errors).length
      logRefused(request, reasonOf(error, 400), { status: 400, faults })
      return reply.code(400).send({ status: 'validation_error', message, errors })
    }
    const { status, message, detail } = answerFor(error, request)
    if (status >= 500) logFailed(request, error)
    else logRefused(request, reasonOf(error, status), { status })
    if (isAboutToken(error)) {
      reply.header('www-authenticate', bearerChallenge(error, { resource_metadata }))
    }
    if (error instanceof MethodNotAllowed) reply.header('allow', error.allow)
    const ownSeconds = error instanceof ApiError ? error.retryAfterSeconds : undefined
    const retryAfter = ownSeconds ?? RETRY_AFTER_SECONDS[status]
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
    return reply.code(status).send({ status: 'error', message, detail })
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  404: 'Not found',
  405: 'Method not allowed',
  503: 'Try again later',
}

/** The body for requests that match no route, which never reach the handler above. */
export function refusalBody({ status, error_description }: UnroutedRefusal) {
  const message = REFUSALS[status] ?? 'Bad request'
  return { status: 'error', message, detail: error_description }
}

function answerFor(
  error: FastifyError,
  request: FastifyRequest,
): { status: number; message: string; detail: string } {
  if (error instanceof ApiError) return error
  if (error instanceof OAuthError) {
    const message = { 401: 'Unauthorized', 403: 'Forbidden' }[error.status] ?? 'Try again later'
    return { status: error.status, message, detail: error.error_description }
  }
  if (error instanceof StoreUnavailable) {
    const detail =
      request.method === 'POST'
        ? 'Retry with the same X-Request-Id: data that was already stored is not stored twice'
        : 'The store is temporarily unavailable'
    return { status: 503, message: 'Try again later', detail }
  }
  if (error instanceof JsonBodyError) {
    return { status: 400, message: 'Invalid JSON', detail: error.message }
  }
  if (error instanceof MethodNotAllowed) {
    return { status: 405, message: 'Method not allowed', detail: error.message }
  }
  const status = error.statusCode ?? 500
  if (status >= 400 && status < 500) {
    const malformed = { message: 'Bad request', detail: 'The request is malformed' }
    return { status, ...(TRANSPORT_ERRORS[status]?.(request) ?? malformed) }
  }
  return {
    status: 500,
    message: 'Internal error',
    detail: 'Unexpected server error; the request is not at fault',
  }
}
