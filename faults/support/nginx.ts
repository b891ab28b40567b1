/**
 * A real nginx in front of instances, configured as docs/scaling.md says: the block is read from
 * there, so that the documented one is tested.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Answer, Connection } from '../../conformance/support/connection.ts'
import { untilItListens } from '../../conformance/support/until-it-listens.ts'
import { selfSigned } from '../../packages/platform/src/testing/self-signed.ts'

const SCALING = new URL('../../docs/scaling.md', import.meta.url)
const PLACES = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx']
const STARTED_WITHIN_MS = 10_000

export interface Nginx {
  /** @param localAddress the local address, to connect as another client than the proxy. */
  connect(sockets: number, localAddress?: string): Connection
  stop(): Promise<void>
}

/** Its path on this machine; null if it is not installed. */
export function findNginx(): string | null {
  return PLACES.find((path) => existsSync(path)) ?? null
}

/** @param upstream ports on 127.0.0.1. */
export async function startNginx(
  binary: string,
  port: number,
  upstream: readonly number[],
): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'miot-nginx-'))
  const { cert, key } = selfSigned()
  writeFileSync(join(folder, 'fullchain.pem'), cert)
  writeFileSync(join(folder, 'privkey.pem'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, upstream))
  const child = spawn(binary, ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const complaints = text(child.stderr)
  await untilItListens(child, port, STARTED_WITHIN_MS).catch(async (error) => {
    child.kill('SIGKILL')
    throw new Error(`nginx: ${await complaints}`, { cause: error })
  })
  return {
    connect: (sockets, localAddress) => openConnection(port, cert, sockets, localAddress),
    async stop() {
      const exited = once(child, 'exit')
      child.kill('SIGQUIT')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * The documented block with this machine's addresses, and the settings that keep nginx within its
 * folder.
 */
function configuration(folder: string, port: number, upstream: readonly number[]): string {
  const block = /```nginx\n(.*?)```/s.exec(readFileSync(SCALING, 'utf8'))?.[1] ?? ''
  const left = [...upstream]
  const ours = block
    .replace(/server 10\.0\.0\.\d:8080;/g, () => `server 127.0.0.1:${left.shift()};`)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`)
    .replaceAll('/etc/nginx/', `${folder}/`)
  if (left.length > 0) throw new Error('docs/scaling.md shows fewer instances than are started')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
    daemon off; pid ${folder}/nginx.pid; error_log stderr error; worker_processes 1;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections 1024; }
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      ${ours}
    }`
}

/** As conformance/support/connection.ts, over TLS. */
function openConnection(
  port: number,
  ca: string,
  maxSockets: number,
  localAddress?: string,
): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets, ca })
  return {
    send: ({ method = 'POST', path, headers = {}, body }) =>
      new Promise<Answer>((resolve, reject) => {
        const target = { host: '127.0.0.1', servername: 'localhost', port, path, method, agent }
        const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
        const all = { host: `localhost:${port}`, ...length, ...(headers as Record<string, string>) }
        const outgoing = request({ ...target, headers: all, ...(localAddress && { localAddress }) })
        outgoing.on('error', reject)
        outgoing.on('response', async (incoming) => {
          const localPort = incoming.socket.localPort ?? 0
          const { statusCode: status = 0, headers: answered } = incoming
          const read = await text(incoming).catch(reject)
          if (typeof read !== 'string') return
          const json = () => JSON.parse(read) as Record<string, unknown>
          resolve({ status, headers: answered, text: read, localPort, json })
        })
        outgoing.end(body)
      }),
    close: () => agent.destroy(),
  }
}
