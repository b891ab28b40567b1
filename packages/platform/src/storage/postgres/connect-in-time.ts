/** A connection that is opened within a limit, of which a pause of this process takes little. */

import pg from 'pg'
import { Deadline } from './in-time.ts'

/** The limit of `pg` itself has to be off: it would pass during a pause. */
export interface ConnectionConfig extends pg.ClientConfig {
  readonly connectionTimeoutMillis: 0
  /** For the connection to be open, about seven round trips. */
  readonly connectTimeoutMs: number
}

/** The connection was not open in time. */
export class ConnectTimeout extends Error {}

export class TimedClient extends pg.Client {
  readonly #connectTimeoutMs: number

  constructor(config: ConnectionConfig) {
    super(config)
    this.#connectTimeoutMs = config.connectTimeoutMs
    // The pool listens once `connect` is done; a server that shuts down may be sooner.
    this.on('error', () => undefined)
  }

  override connect(): Promise<pg.Client>
  override connect(done: (error: Error) => void): void
  /** @param done of the pool, in place of the promise. */
  override connect(done?: (error: Error) => void): Promise<pg.Client> | undefined {
    const connected = this.#connect()
    if (done === undefined) return connected
    connected.then(() => (done as () => void)(), done)
    return undefined
  }

  async #connect(): Promise<pg.Client> {
    const limitMs = this.#connectTimeoutMs
    try {
      const late = () => new ConnectTimeout(`the connection was not open after ${limitMs} ms`)
      return await new Deadline(limitMs).wait(super.connect(), late)
    } catch (error) {
      this.connection.stream.destroy()
      throw error
    }
  }
}
