/** The metrics page, on its own port on loopback. */

import { createHttpServer, metricsPage } from '@modulariot/platform/http'
import type { Logger } from '@modulariot/platform/logging'
import type { PublishedMetrics } from '@modulariot/platform/metrics'
import { CliError } from '../errors/cli-error.ts'

const HOST = '127.0.0.1'

/**
 * @returns a function that stops it.
 * @throws CliError when the port cannot be used.
 */
export async function serveMetrics(
  metrics: Pick<PublishedMetrics, 'page'>,
  port: number,
  logger: Logger,
): Promise<() => Promise<void>> {
  const http = await createHttpServer({
    applications: [metricsPage(metrics)],
    logger,
    tls: null,
    trustedProxies: [],
  })
  try {
    await http.listen({
      host: HOST,
      port,
      listenTextResolver: () => `metrics on ${HOST}:${port}`,
    })
  } catch (error) {
    await http.close()
    throw explainListenError(error, port)
  }
  return () => http.close()
}

function explainListenError(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error
  const what = code === 'EADDRINUSE' ? 'is in use' : 'needs privileges'
  return new CliError(
    'failure',
    `Port ${port} on ${HOST}, for metrics, ${what}: set MIOT_METRICS_PORT to another port, or to 0 for no metrics`,
  )
}
