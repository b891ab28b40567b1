/**
 * `miot health`: whether the server of these settings answers on this machine, for the health check
 * of a container.
 *
 * It asks for `/livez`. While a database is unavailable `/readyz` says so, and a restart would not
 * help.
 */

import { request as requestTls } from 'node:https'
import type { Context } from '../command/context.ts'
import type { Config } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'

/** Not imported, since that would load Node's `fetch`: a container runs this twice a minute. */
const { request: requestPlain } = process.getBuiltinModule('node:http')

const TIMEOUT_MS = 5_000
/** Where a server that listens on every address is reached from its own machine. */
const OWN_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

export async function health(context: Context): Promise<void> {
  const config = context.config()
  const host = OWN_ADDRESS[config.host] ?? config.host
  const status = await statusOf(config, host).catch((error: NodeJS.ErrnoException) => {
    const late = `none within ${TIMEOUT_MS / 1000} s`
    const why = error.name === 'AbortError' ? late : (error.code ?? error.message)
    throw new CliError('failure', `No answer on ${host}, port ${config.port}: ${why}`)
  })
  if (status !== 200) {
    throw new CliError('failure', `/livez on ${host}, port ${config.port}, returned ${status}`)
  }
  context.output.print({ status: 'ok' }, () => ['ok'])
}

function statusOf({ tls, port }: Config, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host, port, path: '/livez', signal: AbortSignal.timeout(TIMEOUT_MS) }
    // The certificate names the public host, not this address. Nothing secret is sent.
    const request =
      tls === null ? requestPlain(options) : requestTls({ ...options, rejectUnauthorized: false })
    request.on('error', reject)
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.end()
  })
}
