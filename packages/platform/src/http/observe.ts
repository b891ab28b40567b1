/**
 * One debug line and two metrics for every answered request.
 *
 * Only the route's pattern is recorded, never the path itself: its values, and a path that matches
 * no route, are the caller's input. The same holds for an unknown method.
 */

import type { FastifyInstance, FastifyReply, onResponseHookHandler } from 'fastify'
import type { Count, Metrics } from '../metrics/index.ts'
import { METHODS } from './route-group.ts'

/**
 * Upper bounds in seconds. A login takes about a millisecond; clients give up before ten seconds.
 */
const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const

export interface RequestObserver {
  /** Routes registered in `scope` from now on count as the application's. */
  attributeRoutes(scope: FastifyInstance, application: string): void
  /** Counts an answer that was sent without any hook. */
  countUnmatched(status: number): void
}

interface RouteLabels {
  readonly application: string
  readonly route: string
  readonly method: string
}

/** @param app has no routes yet. */
export function observeRequests(app: FastifyInstance, metrics: Metrics): RequestObserver {
  const observe = createObserver(metrics)
  const unmatched = METHODS.map((method) => [method, observe(unmatchedBy(method))] as const)
  const byMethod = new Map(unmatched)
  const other = observe(unmatchedBy('other'))
  app.addHook('onResponse', (request, reply, done) => {
    if (request.is404) (byMethod.get(request.method) ?? other).answered(reply)
    done()
  })
  return {
    attributeRoutes(scope, application) {
      scope.addHook('onRoute', (route) => {
        const methods = [route.method].flat()
        const own = new Map(
          methods.map((method) => [method, observe({ application, route: route.url, method })]),
        )
        const observed: onResponseHookHandler = (request, reply, done) => {
          own.get(request.method)?.answered(reply)
          done()
        }
        route.onResponse =
          route.onResponse === undefined ? observed : [route.onResponse, observed].flat()
      })
    },
    countUnmatched: (status) => other.counted(status),
  }
}

/** Requests that match no route. */
function unmatchedBy(method: string): RouteLabels {
  return { application: 'none', route: 'unmatched', method }
}

function createObserver(metrics: Metrics) {
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
  return (labels: RouteLabels) => {
    const took = seconds.of(labels)
    const byStatus = new Map<number, Count>()
    const counted = (status: number): void => {
      let count = byStatus.get(status)
      if (count === undefined) {
        count = requests.of({ ...labels, status: String(status) })
        byStatus.set(status, count)
      }
      count.add()
    }
    return {
      counted,
      answered({ elapsedTime, statusCode, log }: FastifyReply): void {
        took.observe(elapsedTime / 1000)
        counted(statusCode)
        const elapsed_ms = Math.round(elapsedTime * 100) / 100
        log.debug({ ...labels, status: statusCode, elapsed_ms }, 'answered')
      },
    }
  }
}
