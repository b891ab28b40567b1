/**
 * Variables that Kubernetes sets for a Service whose name begins with `miot`: they look like
 * settings, and one of them, `MIOT_PORT`, has the name of one.
 *
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */

const HOST = '_SERVICE_HOST'
const LINK = /^(tcp|udp|sctp):\/\/\S+:\d+$/

/**
 * The names of those variables. A name counts only beside the `_SERVICE_HOST` of its Service, and
 * `MIOT_PORT` only with an address such as `tcp://10.0.0.1:80` as its value.
 */
export function serviceLinks(
  env: Readonly<Record<string, string | undefined>>,
): ReadonlySet<string> {
  const names = Object.keys(env)
  const services = names
    .filter((name) => name.startsWith('MIOT_') && name.endsWith(HOST))
    .map((name) => name.slice(0, -HOST.length))
  const links = names.filter((name) => services.some((service) => isLinkOf(service, name, env)))
  return new Set(links)
}

function isLinkOf(
  service: string,
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (!name.startsWith(`${service}_`)) return false
  const rest = name.slice(service.length)
  if (rest === '_PORT') return LINK.test(env[name] ?? '')
  return /^(_SERVICE_(HOST|PORT(_\w+)?)|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/.test(rest)
}
