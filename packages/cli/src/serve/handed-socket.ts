/**
 * A listening socket passed by a supervisor (systemd's socket activation, sd_listen_fds(3)). The
 * socket stays open across restarts: connections made in between wait in its queue instead of being
 * reset.
 */

import { type AddressInfo, SocketAddress } from 'node:net'
import type { Environment } from '../config/read-settings.ts'
import { CliError } from '../errors/cli-error.ts'

/** The first descriptor after the standard ones. */
const HANDED_DESCRIPTOR = 3

/**
 * @param pid of this process.
 * @returns the descriptor; null when none was passed.
 * @throws CliError when there are several, or when they are for another process.
 */
export function handedSocket(env: Environment, pid: number): number | null {
  const { LISTEN_FDS: count, LISTEN_PID: owner } = env
  if (!count || !owner) return null
  if (owner !== String(pid)) {
    throw new CliError(
      'usage',
      `LISTEN_FDS is for process ${owner}, but this is process ${pid}: ` +
        'start node directly in the service rather than through npm, or unset LISTEN_FDS',
    )
  }
  if (count !== '1') {
    throw new CliError('usage', `LISTEN_FDS passes ${count} sockets; exactly one is supported`)
  }
  return HANDED_DESCRIPTOR
}

/**
 * Checks that the socket matches `MIOT_HOST` and `MIOT_PORT`, which decide whether plaintext is
 * allowed and how clients reach the server.
 *
 * @param handed null: not an internet socket.
 * @throws CliError when it listens on another address or port.
 */
export function assertMatchesSettings(
  handed: AddressInfo | null,
  { host, port }: { readonly host: string; readonly port: number },
): void {
  if (handed !== null && handed.port === port && isSameHost(handed.address, host)) return
  const where = handed === null ? 'no address' : `${handed.address} port ${handed.port}`
  throw new CliError(
    'usage',
    `The socket passed by LISTEN_FDS listens on ${where}: set MIOT_HOST and MIOT_PORT to match, or change the socket unit`,
  )
}

function isSameHost(address: string, host: string): boolean {
  if (host === 'localhost') return ['127.0.0.1', '::1'].includes(address)
  const family = host.includes(':') ? 'ipv6' : 'ipv4'
  return new SocketAddress({ address: host, family }).address === address
}
