/** Mounts the table of `/people/v1`: for our own pages only, with small bodies. */

import {
  PUBLIC_DOCUMENT,
  refuseCodings,
  routeGroup,
  staticDocument,
} from '@modulariot/platform/http'
import { addressBlock } from '@modulariot/platform/net'
import type { FastifyError, FastifyInstance, onRequestHookHandler } from 'fastify'
import { isOwnPage } from '../../people/own-page.ts'
import { hashesFor } from '../../people/passwords.ts'
import { PeopleError } from '../../people/people-error.ts'
import type { PeopleMetrics } from '../../people/people-metrics.ts'
import { sessionCookieName } from '../../people/session-cookie.ts'
import { PeopleCall, type PeopleHttpDeps, type PeopleRequest } from './call.ts'
import { peopleOpenApi } from './openapi.ts'
import { handlePeopleError } from './problem.ts'
import { PEOPLE_ROUTES } from './routes.ts'

const MAX_BODY_BYTES = 16 * 1024

export async function mountPeopleRoutes(
  app: FastifyInstance,
  deps: PeopleHttpDeps & { readonly metrics: PeopleMetrics },
): Promise<void> {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof PeopleError) deps.metrics.refused(error.code)
    return handlePeopleError(error, request, reply)
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_: unknown, bytes: Buffer) => bytes,
  )
  const fromOwnPage = refuseOtherPages(deps.people.issuer)
  await routeGroup(app, { 'cache-control': 'no-store' }, (routes) => {
    for (const route of PEOPLE_ROUTES) {
      const [status = 200] = Object.keys(route.answers).map(Number)
      routes.route<{ Params: Record<string, string>; Body: Buffer | undefined }>({
        method: route.method,
        url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
        bodyLimit: MAX_BODY_BYTES,
        exposeHeadRoute: false,
        onRequest: [fromOwnPage, refuseCodings],
        handler: async (request, reply) => {
          reply.code(status)
          const endpoints = await import('./endpoints.ts')
          const call = new PeopleCall(request as PeopleRequest, reply, deps)
          const block = addressBlock(call.caller.address)
          return hashesFor(block, () => route.handle(endpoints)(call))
        },
      })
    }
  })
  const cached = { 'cache-control': 'public, max-age=300', ...PUBLIC_DOCUMENT }
  const document = () => peopleOpenApi(deps.people.issuer, sessionCookieName(deps.secure))
  await routeGroup(app, cached, (routes) => {
    routes.get('/people/v1/openapi.json', staticDocument(document))
  })
}

/** Before the body is read. */
function refuseOtherPages(issuer: string): onRequestHookHandler {
  return (request, _reply, done) => {
    const own = isOwnPage(request.headers, request.method, issuer)
    done(own ? undefined : new PeopleError('cross_site'))
  }
}
