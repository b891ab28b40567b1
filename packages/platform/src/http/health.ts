/**
 * `/livez`: the process runs. `/readyz`: whether to route requests here, for all applications;
 * `/readyz/<name>` for one of them, where a balancer routes by path. Names what a person has to
 * repair: files that are damaged, applications whose store accepts no writes.
 */

import type { FastifyInstance, FastifyReply } from 'fastify'
import { repeatedFailuresOf } from '../logging/repeated-failures.ts'
import { singleFlight } from '../single-flight.ts'
import { StoreDamaged, StoreUnwritable } from '../storage/errors.ts'
import type { Application } from './application.ts'
import { isStopping } from './drain.ts'
import { routeGroup } from './route-group.ts'

type Status = 'ok' | 'degraded' | 'unavailable' | 'stopping'

interface Found {
  readonly status: Status
  readonly damage?: StoreDamaged
  readonly unwritable?: StoreUnwritable
}

export async function mountHealth(
  app: FastifyInstance,
  applications: readonly Application[],
): Promise<void> {
  // These need no credentials, and each check costs the store a round trip.
  const checks = applications.flatMap(({ name, ready }) =>
    ready === undefined ? [] : [[name, singleFlight(() => check(ready))] as const],
  )
  const logged = new Set<string>()
  await routeGroup(app, { 'cache-control': 'no-store' }, (routes) => {
    routes.get('/livez', (_request, reply) => reply.send({ status: 'ok' }))
    routes.get('/readyz', async (_request, reply) => {
      const found = await Promise.all(
        checks.map(async ([name, run]) => [name, await run()] as const),
      )
      const statuses = found.map(([name, { status }]) => [name, status] as const)
      const details = applications.map((application) => application.details?.())
      return answer(
        reply,
        found,
        Object.assign({ checks: Object.fromEntries(statuses) }, ...details),
      )
    })
    for (const [name, run] of checks) {
      routes.get(`/readyz/${name}`, async (_request, reply) =>
        answer(reply, [[name, await run()]], {}),
      )
    }
  })

  function answer(
    reply: FastifyReply,
    found: readonly (readonly [name: string, Found])[],
    members: object,
  ) {
    logOf(reply, found)
    const damaged = found.flatMap(([, { damage }]) => damage?.file ?? [])
    const unwritable = found.flatMap(([name, one]) => (one.unwritable ? [name] : []))
    const worstFound = worst(found.map(([, { status }]) => status))
    const status = isStopping(reply.server.server) ? 'stopping' : worstFound
    return reply.code(status === 'ok' || status === 'degraded' ? 200 : 503).send({
      ...{ status, ...members },
      ...(damaged.length > 0 && { damaged }),
      ...(unwritable.length > 0 && { unwritable }),
    })
  }

  function logOf(reply: FastifyReply, found: readonly (readonly [name: string, Found])[]): void {
    for (const [, { damage, unwritable }] of found) {
      if (damage !== undefined && !logged.has(damage.file)) {
        reply.log.error({ err: damage }, 'a database is damaged')
        logged.add(damage.file)
      }
      if (unwritable !== undefined) {
        const failures = repeatedFailuresOf(reply.server.log)
        failures.failed(reply.log, unwritable, 'the store accepts no writes')
      }
    }
  }
}

function check(ready: NonNullable<Application['ready']>): Promise<Found> {
  return ready().then(
    (state) => ({ status: state ?? 'ok' }),
    (error: unknown) => ({
      status: 'unavailable',
      ...(error instanceof StoreDamaged && { damage: error }),
      ...(error instanceof StoreUnwritable && { unwritable: error }),
    }),
  )
}

function worst(statuses: readonly Status[]): Status {
  if (statuses.includes('unavailable')) return 'unavailable'
  return statuses.includes('degraded') ? 'degraded' : 'ok'
}
