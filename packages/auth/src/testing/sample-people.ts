/**
 * An installation with persons, for tests: a server on a store, and requests with sessions. The
 * cookie names the session; accounts are what the tests are not about. Not for the program.
 */

import type { Readable } from 'node:stream'
import type { Environment } from '@modulariot/oauth/protocol'
import { createHttpServer } from '@modulariot/platform/http'
import { createLogger } from '@modulariot/platform/logging'
import { systemContext } from '../admin/context.ts'
import { createAudience, createOrganization } from '../admin/installation.ts'
import { deriveInstallationKeys } from '../keys/sealing.ts'
import type { Mail, Mailer } from '../people/mailer-port.ts'
import type { Sessions } from '../people/session-port.ts'
import type { AuditEntry } from '../records/audit-entry.ts'
import type { Role } from '../records/member.ts'
import { type AuthServer, createAuthServer } from '../server.ts'
import type { AuthStore } from '../store/store.ts'

export const ISSUER = 'https://auth.example'
export const TRACK = 'https://api.example/track'
export const LATER = '2099-01-01T00:00:00.000Z'
const AT = '2026-01-01T00:00:00.000Z'

type HttpServer = Awaited<ReturnType<typeof createHttpServer>>
type Answer = Awaited<ReturnType<HttpServer['inject']>>

export interface People {
  readonly server: AuthServer
  readonly http: HttpServer
  readonly clock: { now: number }
  readonly org_id: string
  readonly other_org: string
  readonly sent: Mail[]
  readonly mail: { fails: boolean }
  /** Signs up; the session's id is `session_<name>`. */
  person(name: string, roles?: Readonly<Record<string, Role>>): Promise<Person>
  /** Newest first, without what the server does by itself. */
  trail(): Promise<AuditEntry[]>
  sql(text: string, ...values: unknown[]): Promise<void>
  close(): Promise<void>
}

export interface Person {
  readonly person_id: string
  readonly session_id: string
  send(method: string, path: string, body?: object, more?: Sent): Promise<Answer>
}

export interface Sent {
  readonly environment?: Environment
  /** Undefined removes one. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly payload?: Readable | string
}

/** @param store empty; it is not closed. */
export async function openPeople(store: AuthStore, options: { mail: boolean }): Promise<People> {
  const clock = { now: Date.parse('2026-05-01T12:00:00Z') }
  const keys = deriveInstallationKeys(new Uint8Array(32))
  const now = () => clock.now
  const operator = systemContext({ store, digestKey: keys.secretDigest, now })
  const { org_id } = await createOrganization('Acme', operator)
  const { org_id: other_org } = await createOrganization('Globex', operator)
  const rules = { token_lifetime_seconds: 3600, signing_alg: 'ES256', token_typ: 'at+jwt' } as const
  const scopes = ['asset:track:read', 'asset:track:write']
  await createAudience({ audience: TRACK, scopes, ...rules }, operator)
  const { sent, mail, mailer } = sampleMailer()
  const server = await createAuthServer({
    ...{ issuer: ISSUER, store, installationKeys: keys, now, apiAudience: TRACK },
    people: { sessions: sessionsOf(store, now), mailer: options.mail ? mailer : null },
    onError: (error) => {
      throw error
    },
  })
  const http = await createHttpServer({
    applications: [server],
    logger: createLogger('silent'),
    tls: null,
    trustedProxies: [],
  })
  return {
    ...{ server, http, clock, org_id, other_org, sent, mail },
    person: (name, roles) => newPerson(name, roles ?? {}, store, http),
    sql: (text, ...values) => run(store, text, ...values),
    async trail() {
      const rows = await store.listAudit({ before: null, limit: 100 })
      const entries = rows.map(({ entry }) => JSON.parse(entry) as AuditEntry)
      return entries.filter(({ actor }) => actor.kind !== 'system')
    },
    async close() {
      await http.close()
      await server.close()
    },
  }
}

function sampleMailer() {
  const sent: Mail[] = []
  const mail = { fails: false }
  const mailer: Mailer = {
    queue(one) {
      if (!mail.fails) sent.push(one)
      return !mail.fails
    },
  }
  return { sent, mail, mailer }
}

/** `session=<session_id>`, without any signature. */
function sessionsOf(store: AuthStore, now: () => number): Sessions {
  return {
    async find(cookie = '') {
      const id = /(?:^|; )session=([^;]*)/.exec(cookie)?.[1]
      const text = `SELECT s.person_id, s.expires_at, p.email FROM {people_sessions} s
        JOIN {people} p ON p.id = s.person_id WHERE s.id = ?`
      const { rows } = await query(store, text, id ?? '')
      const [row] = rows as { person_id: string; expires_at: string; email: string }[]
      if (row === undefined || Date.parse(row.expires_at) <= now()) return null
      return { session_id: id as string, ...row }
    },
  }
}

/** In texts, `{people}` is a table, and `?` a parameter. */
function query({ accounts: { dialect, run } }: AuthStore, text: string, ...values: unknown[]) {
  let index = 0
  const named = text.replaceAll(/\{(\w+)\}/g, dialect === 'postgres' ? 'auth.$1' : '$1')
  const numbered = named.replaceAll('?', () => (dialect === 'postgres' ? `$${++index}` : '?'))
  return run(numbered, values)
}

async function run(store: AuthStore, text: string, ...values: unknown[]): Promise<void> {
  await query(store, text, ...values)
}

async function newPerson(
  name: string,
  roles: Readonly<Record<string, Role>>,
  store: AuthStore,
  http: HttpServer,
): Promise<Person> {
  const [person_id, session_id] = [`person_${name}`, `session_${name}`]
  await run(
    store,
    `INSERT INTO {people} (id, name, email, email_verified, created_at, updated_at)
     VALUES (?, ?, ?, 1, ?, ?)`,
    ...[person_id, name, `${name}@example.com`, AT, AT],
  )
  await run(
    store,
    `INSERT INTO {people_sessions} (id, person_id, token, expires_at, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
    ...[session_id, person_id, session_id, LATER, AT, AT],
  )
  for (const [org_id, role] of Object.entries(roles)) {
    const text = 'INSERT INTO {members} (org_id, person_id, role, created_at) VALUES (?, ?, ?, ?)'
    await run(store, text, org_id, person_id, role, AT)
  }
  return { person_id, session_id, send: (...call) => send(session_id, http, ...call) }
}

function send(
  session_id: string,
  http: HttpServer,
  method: string,
  path: string,
  body?: object,
  { environment, headers = {}, payload }: Sent = {},
): Promise<Answer> {
  const all: Record<string, string | undefined> = {
    cookie: `session=${session_id}`,
    'sec-fetch-site': 'same-origin',
    ...(environment && { 'miot-environment': environment }),
    ...((body ?? payload) && { 'content-type': 'application/json' }),
    ...headers,
  }
  const sent = Object.entries(all).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return http.inject({
    method: method as 'GET',
    url: `/admin/v1${path}`,
    headers: Object.fromEntries(sent),
    ...(body !== undefined && { payload: JSON.stringify(body) }),
    ...(payload !== undefined && { payload }),
  })
}
