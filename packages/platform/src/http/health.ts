/**
 * `/livez`: the process runs. `/readyz`: whether to route requests here, for all applications;
 * `/readyz/<name>` for one of them, where a balancer routes by path.
 */

import type { FastifyInstance, FastifyReply } from 'fastify'
import { singleFlight } from '../single-flight.ts'
import type { Application } from './application.ts'
import { isDraining } from './drain.ts'
import { routeGroup } from './route-group.ts'

type Status = 'ok' | 'degraded' | 'unavailable' | 'stopping'

export async function mountHealth(
  app: FastifyInstance,
  applications: readonly Application[],
): Promise<void> {
  // These need no credentials, and each check costs the store a round trip.
  const checks = applications.map(
    (application) => [application.name, singleFlight(() => check(application))] as const,
  )
  await routeGroup(app, { 'cache-control': 'no-store' }, (routes) => {
    routes.get('/livez', (_request, reply) => reply.send({ status: 'ok' }))
    routes.get('/readyz', async (_request, reply) => {
      const found = await Promise.all(
        checks.map(async ([name, run]) => [name, await run()] as const),
      )
      return answer(reply, worst(found.map(([, status]) => status)), Object.fromEntries(found))
    })
    for (const [name, run] of checks) {
      routes.get(`/readyz/${name}`, async (_request, reply) => answer(reply, await run()))
    }
  })

  function answer(reply: FastifyReply, found: Status, checks?: Record<string, Status>) {
    const status = isDraining(reply.server.server) ? 'stopping' : found
    return reply
      .code(status === 'ok' || status === 'degraded' ? 200 : 503)
      .send({ status, ...(checks && { checks }) })
  }
}

function check({ ready }: Application): Promise<Status> {
  return ready().then(
    (state) => state ?? 'ok',
    () => 'unavailable',
  )
}

function worst(statuses: readonly Status[]): Status {
  if (statuses.includes('unavailable')) return 'unavailable'
  return statuses.includes('degraded') ? 'degraded' : 'ok'
}
