/**
 * A listening socket that a supervisor holds, and hands to one process after the other (systemd's
 * socket activation, sd_listen_fds(3)). Whoever connects while one leaves and the next starts waits
 * in its queue, and nobody is reset.
 */

import { type AddressInfo, SocketAddress } from 'node:net'
import type { Environment } from '../config/read-settings.ts'
import { CliError } from '../errors/cli-error.ts'

/** The first descriptor after the standard ones. */
const HANDED_DESCRIPTOR = 3

/**
 * @param pid of this process.
 * @returns the descriptor; null when none was handed over.
 * @throws CliError when there are several, or when they are another process's.
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
 * Everything else goes by the settings: whether plaintext may be spoken, and how clients reach us.
 *
 * @param handed null: not an internet socket.
 * @throws CliError when the socket is elsewhere than the settings say.
 */
export function assertAsConfigured(
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
