/**
 * `/livez`: the process runs. `/readyz`: whether to send requests here, for all applications; `/readyz/<name>`
 * for one alone, where a balancer sends them different paths.
 */

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Application } from './application.ts'
import { isDraining } from './drain.ts'

type Status = 'ok' | 'degraded' | 'unavailable' | 'stopping'

export function mountHealth(app: FastifyInstance, applications: readonly Application[]): void {
  app.get('/livez', (_request, reply) => reply.send({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const checks = await Promise.all(
      applications.map(
        async (application) => [application.name, await check(application)] as const,
      ),
    )
    return answer(reply, worst(checks.map(([, status]) => status)), Object.fromEntries(checks))
  })
  for (const application of applications) {
    app.get(`/readyz/${application.name}`, async (_request, reply) =>
      answer(reply, await check(application)),
    )
  }

  function answer(reply: FastifyReply, found: Status, checks?: Record<string, Status>) {
    const status = isDraining(reply.server.server) ? 'stopping' : found
    return reply
      .code(status === 'ok' || status === 'degraded' ? 200 : 503)
      .header('cache-control', 'no-store')
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
