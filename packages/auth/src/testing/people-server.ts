/** A server whose accounts tests use as browsers do. Not for the program. */

import { createHmac } from 'node:crypto'
import { createHttpServer } from '@modulariot/platform/http'
import { createLogger } from '@modulariot/platform/logging'
import type { Peers } from '@modulariot/platform/peers'
import { deriveInstallationKeys } from '../keys/sealing.ts'
import type { AccountOptions } from '../people/assemble.ts'
import { createAuthServer } from '../server.ts'
import type { AuthStore } from '../store/store.ts'

export const KEYS = deriveInstallationKeys(new Uint8Array(32).fill(5))
export const PASSWORD = 'correct horse battery'

export interface Answer {
  readonly status: number
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into every answer
  readonly json: any
  readonly headers: Readonly<Record<string, unknown>>
  /** Of a refusal. */
  readonly code: string | undefined
  /** The `Set-Cookie` headers. */
  readonly cookies: readonly string[]
}

export interface Sent {
  readonly headers?: Record<string, string>
  /** Sent as it is. */
  readonly payload?: string
}

/** Keeps cookies, and sends what the browser of a page of ours sends. */
export interface Browser {
  readonly jar: Map<string, string>
  get(path: string, sent?: Sent): Promise<Answer>
  post(path: string, body?: unknown, sent?: Sent): Promise<Answer>
  delete(path: string, sent?: Sent): Promise<Answer>
}

export type PeopleServer = Awaited<ReturnType<typeof startPeople>>

interface Options extends Partial<AccountOptions> {
  readonly issuer?: string
  readonly onError?: (error: unknown) => void
  readonly keys?: typeof KEYS
  readonly newKeys?: typeof KEYS
  readonly peers?: Peers
  readonly now?: () => number
}

export async function startPeople(store: AuthStore, options: Options = {}) {
  const { issuer = 'https://auth.example', onError = () => {}, ...accounts } = options
  const server = await createAuthServer({
    ...{ issuer, store, onError },
    installationKeys: options.keys ?? KEYS,
    newInstallationKeys: options.newKeys ?? null,
    ...(options.peers && { peers: options.peers }),
    now: options.now ?? Date.now,
    accounts: { signUp: 'first', setupCodeRequired: false, mail: null, ...accounts },
  })
  const http = await createHttpServer({
    applications: [server],
    logger: createLogger('silent'),
    tls: null,
    trustedProxies: [],
  })
  function browser(remoteAddress = '192.0.2.1'): Browser {
    const jar = new Map<string, string>()
    async function send(method: string, path: string, sent: Sent): Promise<Answer> {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const all: Record<string, string | undefined> = {
        'sec-fetch-site': 'same-origin',
        'user-agent': 'Test/1.0',
        ...(cookie !== '' && { cookie }),
        ...(sent.payload !== undefined && { 'content-type': 'application/json' }),
        ...sent.headers,
      }
      const headers = Object.fromEntries(Object.entries(all).filter(([, value]) => value)) as never
      const answer = await http.inject({
        ...{ method: method as 'GET', url: `/people/v1${path}`, headers, remoteAddress },
        ...(sent.payload !== undefined && { payload: sent.payload }),
      })
      const cookies = [answer.headers['set-cookie'] ?? []].flat()
      for (const text of cookies) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? []
        if (value === '') jar.delete(name)
        else jar.set(name, value)
      }
      const json = /json/.test(String(answer.headers['content-type'])) ? answer.json() : null
      const { statusCode: status, body, headers: received } = answer
      const code = /^urn:modulariot:problem:(\w+)$/.exec(json?.type)?.[1]
      return { status, body, json, code, headers: received, cookies }
    }
    return {
      jar,
      get: (path, sent = {}) => send('GET', path, sent),
      post: (path, body = {}, sent = {}) =>
        send('POST', path, { payload: JSON.stringify(body), ...sent }),
      delete: (path, sent = {}) => send('DELETE', path, sent),
    }
  }
  /** A browser that has signed up as the first, or with the invitation. */
  async function signedUp(email: string, more: object = {}): Promise<Browser> {
    const own = browser()
    const body = { email, password: PASSWORD, name: email.split('@')[0], ...more }
    const { status, body: text } = await own.post('/sign-up', body)
    if (status !== 201) throw new Error(`${status} ${text}`)
    return own
  }
  return {
    ...{ server, http, browser, signedUp },
    async close() {
      await http.close()
      await server.close()
    },
  }
}

/** The code of an app for this second (RFC 6238). */
export function totp(uri: string, atMs = Date.now()): string {
  const key = fromBase32(new URL(uri).searchParams.get('secret') ?? '')
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 30_000)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac[19] as number) & 15
  const number = (mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000
  return String(number).padStart(6, '0')
}

function fromBase32(text: string): Buffer {
  const digits = [...text.replace(/=+$/, '')].map((digit) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0'),
  )
  const bytes = digits.join('').match(/.{8}/g) ?? []
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)))
}
