/** Why the server cannot listen, and what to do. */

import type { Config } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'

/** @param socket descriptor of the socket passed by a supervisor, or null. */
export function explainListenError(
  error: unknown,
  { host, port }: Pick<Config, 'host' | 'port'>,
  socket: number | null,
): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (socket !== null && syscall === 'listen') {
    return new CliError(
      'failure',
      `Descriptor ${socket}, passed by LISTEN_FDS, is not a listening socket (${code})`,
    )
  }
  if (code === 'EADDRINUSE') {
    return new CliError('failure', `Port ${port} on ${host} is in use: set MIOT_PORT to a free one`)
  }
  if (code === 'EACCES') {
    return new CliError('failure', `Port ${port} needs privileges: set MIOT_PORT above 1023`)
  }
  return error
}
