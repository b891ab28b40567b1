/**
 * Node's use of proxies from the environment (`NODE_USE_ENV_PROXY`, `--use-env-proxy`).
 *
 * `miot` uses plain `http:` only within this machine (ADR 30), so `HTTP_PROXY` must not apply: it
 * would send secrets to another machine in plaintext. Requests through an `https:` proxy stay
 * encrypted.
 */

/** Removes `HTTP_PROXY` from the environment and from Node's proxy configuration. */
export function keepPlaintextHere(env: NodeJS.ProcessEnv): void {
  const flags = [...process.execArgv, ...(env.NODE_OPTIONS ?? '').split(' ')]
  if (env.NODE_USE_ENV_PROXY !== '1' && !flags.includes('--use-env-proxy')) return
  const https_proxy = env.https_proxy ?? env.HTTPS_PROXY ?? env.http_proxy ?? env.HTTP_PROXY
  const no_proxy = env.no_proxy ?? env.NO_PROXY
  // `fetch` reads the environment again.
  delete env.http_proxy
  delete env.HTTP_PROXY
  process.getBuiltinModule('node:http').setGlobalProxyFromEnv({ https_proxy, no_proxy })
}
