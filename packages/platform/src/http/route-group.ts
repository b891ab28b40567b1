/**
 * Answers a known path with the wrong method with 405 and `Allow` (RFC 9110 §15.5.6), not with 404.
 */

import type { FastifyInstance, RouteOptions } from 'fastify'
import { answerPreflight, isAllowedPreflight } from './cors.ts'

export class MethodNotAllowed extends Error {
  override readonly name = 'MethodNotAllowed'
  readonly statusCode = 405
  readonly allow: string

  constructor(allow: string) {
    super(`Use ${allow}`)
    this.allow = allow
  }
}

/** The methods that get a route to refuse them; for any other see known-paths.ts. */
export const METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
]

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route only refuses the methods that its path does not have. */
    refusesMethods?: true
  }
}

/**
 * Registers `routes`, and for every other method of their paths a refusal, which the application's
 * own error handler renders. All of them answer with `headers`, errors included.
 */
export async function routeGroup(
  app: FastifyInstance,
  headers: Readonly<Record<string, string>>,
  routes: (app: FastifyInstance) => void,
): Promise<void> {
  await app.register(async (scope) => {
    scope.addHook('onRequest', (_request, reply, done) => {
      reply.headers(headers)
      done()
    })
    const methodsOf = new Map<string, Set<string>>()
    let refusing = false
    scope.addHook('onRoute', ({ url, method }: RouteOptions) => {
      if (refusing) return
      const methods = methodsOf.get(url) ?? new Set()
      for (const name of [method].flat()) methods.add(name)
      methodsOf.set(url, methods)
    })
    routes(scope)
    refusing = true
    for (const [url, methods] of methodsOf) refuse(scope, url, methods)
  })
}

function refuse(scope: FastifyInstance, url: string, methods: ReadonlySet<string>): void {
  const allow = [...methods].join(', ')
  const error = new MethodNotAllowed(allow)
  scope.route({
    method: METHODS.filter((method) => !methods.has(method)),
    url,
    config: { refusesMethods: true },
    // Before the body is read: the client need not send one to learn this.
    onRequest: (request, reply, done) => {
      if (isAllowedPreflight(request, reply)) answerPreflight(reply, allow)
      else done(error)
    },
    handler: () => {},
  })
}
