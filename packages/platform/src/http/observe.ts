/**
 * One debug line and two counts for every request that was answered.
 *
 * Of a path only the route's pattern is told: what stands in its place, or matches none, is the caller's
 * words. So is a method nobody serves.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Metrics } from '../metrics/index.ts'
import { METHODS } from './route-group.ts'

/** Upper bounds in seconds. A login takes about a millisecond; past ten seconds nobody waits. */
const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const

/** What is counted of requests that reach no route. */
const UNMATCHED = { application: 'none', route: 'unmatched' } as const

/** @returns how to count an answer that was sent without any hook. */
export function observeRequests(app: FastifyInstance, metrics: Metrics): (status: number) => void {
  const requests = metrics.counter({
    name: 'miot_http_requests_total',
    help: 'Requests answered.',
    labels: ['application', 'route', 'method', 'status'],
  })
  const seconds = metrics.histogram({
    name: 'miot_http_request_duration_seconds',
    help: 'Time from the request’s headers to the end of the answer.',
    labels: ['application', 'route', 'method'],
    buckets: LATENCY_BUCKETS,
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { elapsedTime, statusCode } = reply
    const labels = labelsOf(request)
    seconds.observe(labels, elapsedTime / 1000)
    requests.add({ ...labels, status: String(statusCode) })
    const elapsed_ms = Math.round(elapsedTime * 100) / 100
    request.log.debug({ ...labels, status: statusCode, elapsed_ms }, 'answered')
    done()
  })
  return (status) => requests.add({ ...UNMATCHED, method: 'other', status: String(status) })
}

function labelsOf({ routeOptions, method }: FastifyRequest) {
  const { url, config } = routeOptions
  return {
    application: config.application ?? UNMATCHED.application,
    route: url ?? UNMATCHED.route,
    method: METHODS.includes(method) ? method : 'other',
  }
}

/** The routes that are registered in `scope` from now on count as the application's. */
export function attributeRoutes(scope: FastifyInstance, application: string): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, application }
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whose route it is, as the metrics name it. */
    application?: string
  }
}
