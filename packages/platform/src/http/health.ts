/**
 * `/livez`: the process runs. `/readyz`: whether to route requests here, for all applications;
 * `/readyz/<name>` for one of them, where a balancer routes by path.
 */

import type { FastifyInstance, FastifyReply } from 'fastify'
import { singleFlight } from '../single-flight.ts'
import { StoreDamaged } from '../storage/errors.ts'
import type { Application } from './application.ts'
import { isDraining } from './drain.ts'
import { routeGroup } from './route-group.ts'

type Status = 'ok' | 'degraded' | 'unavailable' | 'stopping'

interface Found {
  readonly status: Status
  readonly damage?: StoreDamaged
}

export async function mountHealth(
  app: FastifyInstance,
  applications: readonly Application[],
): Promise<void> {
  // These need no credentials, and each check costs the store a round trip.
  const checks = applications.map(
    (application) => [application.name, singleFlight(() => check(application))] as const,
  )
  const logged = new Set<string>()
  await routeGroup(app, { 'cache-control': 'no-store' }, (routes) => {
    routes.get('/livez', (_request, reply) => reply.send({ status: 'ok' }))
    routes.get('/readyz', async (_request, reply) => {
      const found = await Promise.all(
        checks.map(async ([name, run]) => [name, await run()] as const),
      )
      const statuses = found.map(([name, { status }]) => [name, status] as const)
      const status = worst(statuses.map(([, one]) => one))
      const damages = found.flatMap(([, one]) => one.damage ?? [])
      return answer(reply, status, damages, Object.fromEntries(statuses))
    })
    for (const [name, run] of checks) {
      routes.get(`/readyz/${name}`, async (_request, reply) => {
        const { status, damage } = await run()
        return answer(reply, status, damage === undefined ? [] : [damage])
      })
    }
  })

  function answer(
    reply: FastifyReply,
    found: Status,
    damages: readonly StoreDamaged[],
    checks?: Record<string, Status>,
  ) {
    for (const damage of damages) {
      if (!logged.has(damage.file)) reply.log.error({ err: damage }, 'a database is damaged')
      logged.add(damage.file)
    }
    const damaged = damages.map(({ file }) => file)
    const status = isDraining(reply.server.server) ? 'stopping' : found
    return reply
      .code(status === 'ok' || status === 'degraded' ? 200 : 503)
      .send({ status, ...(checks && { checks }), ...(damaged.length > 0 && { damaged }) })
  }
}

function check({ ready }: Application): Promise<Found> {
  return ready().then(
    (state) => ({ status: state ?? 'ok' }),
    (error: unknown) => ({
      status: 'unavailable',
      ...(error instanceof StoreDamaged && { damage: error }),
    }),
  )
}

function worst(statuses: readonly Status[]): Status {
  if (statuses.includes('unavailable')) return 'unavailable'
  return statuses.includes('degraded') ? 'degraded' : 'ok'
}
