/**
 * The proxy that Node takes from the environment (`NODE_USE_ENV_PROXY`, `--use-env-proxy`).
 *
 * `miot` speaks plain `http:` to this machine only (ADR 30), so `HTTP_PROXY` is never for its
 * requests: it would carry secrets elsewhere in the clear. Through a proxy for `https:` they are
 * encrypted.
 */

import { setGlobalProxyFromEnv } from 'node:http'

/** Takes `HTTP_PROXY` out of the environment, and out of what Node has made of it. */
export function keepPlaintextHere(env: NodeJS.ProcessEnv): void {
  const flags = [...process.execArgv, ...(env.NODE_OPTIONS ?? '').split(' ')]
  if (env.NODE_USE_ENV_PROXY !== '1' && !flags.includes('--use-env-proxy')) return
  const https_proxy = env.https_proxy ?? env.HTTPS_PROXY ?? env.http_proxy ?? env.HTTP_PROXY
  const no_proxy = env.no_proxy ?? env.NO_PROXY
  // `fetch` looks for it here as well.
  delete env.http_proxy
  delete env.HTTP_PROXY
  setGlobalProxyFromEnv({ https_proxy, no_proxy })
}
