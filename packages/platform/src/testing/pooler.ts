/**
 * A pooler such as PgBouncer in front of a PostgreSQL server, reduced to what clients notice: it
 * makes up their process ids, and takes the session that was returned last. For tests only.
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import pg from 'pg'

export interface TestPooler {
  /** The URL with the pooler's address in it. */
  readonly url: string
  close(): void
}

/** @param url of a database; the pooler asks its own clients for no password. */
export async function startPooler(
  url: string,
  mode: 'transaction' | 'session',
): Promise<TestPooler> {
  const sessions = new Sessions(url)
  const clients = new Set<Socket>()
  const server = createServer((socket) => {
    clients.add(socket)
    socket.on('error', () => undefined)
    serveClient(socket, sessions, mode)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const changed = new URL(url)
  changed.port = String((server.address() as AddressInfo).port)
  return {
    url: changed.href,
    close: () => {
      server.close()
      for (const socket of clients) socket.destroy()
      sessions.close()
    },
  }
}

/** Sessions with the server; the one returned last is taken first. */
class Sessions {
  readonly #url: string
  readonly #all: Socket[] = []
  readonly #idle: Socket[] = []

  constructor(url: string) {
    this.#url = url
  }

  async take(): Promise<Socket> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    const client = new pg.Client(this.#url)
    client.on('error', () => undefined)
    await client.connect()
    // Only its login was needed.
    const socket = client.connection.stream as Socket
    socket.removeAllListeners('data')
    this.#all.push(socket)
    return socket
  }

  give(session: Socket): void {
    session.removeAllListeners('data')
    this.#idle.push(session)
  }

  close(): void {
    for (const session of this.#all) session.destroy()
  }
}

const READY = 'Z'.charCodeAt(0)
const IDLE = 'I'.charCodeAt(0)
const TERMINATE = 'X'.charCodeAt(0)

function serveClient(client: Socket, sessions: Sessions, mode: 'transaction' | 'session'): void {
  let session: Promise<Socket> | null = null
  let started = false
  client.on('data', async (part: Buffer) => {
    if (!started) {
      started = true
      client.write(Buffer.concat([message('R', 0), message('K', 7, 7), readyForQuery()]))
      return
    }
    if (part[0] === TERMINATE) return
    session ??= take()
    ;(await session).write(part)
  })

  async function take(): Promise<Socket> {
    const taken = await sessions.take()
    taken.on('data', (answer: Buffer) => {
      // Answers in these tests are short, so one ends with a part.
      const isDone = answer.at(-6) === READY && answer.at(-1) === IDLE
      if (isDone && mode === 'transaction') {
        session = null
        sessions.give(taken)
      }
      client.write(answer)
    })
    return taken
  }
}

function message(type: string, ...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(5 + 4 * numbers.length)
  bytes.write(type, 0, 'latin1')
  bytes.writeInt32BE(bytes.length - 1, 1)
  for (const [at, number] of numbers.entries()) bytes.writeInt32BE(number, 5 + 4 * at)
  return bytes
}

function readyForQuery(): Buffer {
  return Buffer.from([READY, 0, 0, 0, 5, IDLE])
}
