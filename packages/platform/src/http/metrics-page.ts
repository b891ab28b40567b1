/** `GET /metrics`, on a port of its own: metrics are for the operator, not for the internet. */

import type { FastifyInstance } from 'fastify'
import type { PublishedMetrics } from '../metrics/index.ts'
import type { Application } from './application.ts'
import { routeGroup } from './route-group.ts'

export function metricsPage(metrics: Pick<PublishedMetrics, 'page'>): Application {
  return {
    name: 'metrics',
    ready: async () => undefined,
    mount: async (app: FastifyInstance) => {
      await routeGroup(app, { 'cache-control': 'no-store' }, (routes) => {
        routes.get('/metrics', async (_request, reply) => {
          const { type, text } = await metrics.page()
          return reply.type(type).send(text)
        })
      })
    },
  }
}
