/**
 * Sessions of persons. Looking one up costs a signature check, and then one statement: every
 * instance sees at once that a session has ended or that its person is disabled.
 */

import type { AccountStatements } from '../store/ports/accounts.ts'
import { type CookieKeys, openCookie, readCookie, sessionCookieName } from './session-cookie.ts'
import type { PersonSession, Sessions } from './session-port.ts'
import { peopleSql } from './sql.ts'
import { SESSION_EXTENDED_EVERY_SECONDS, SESSION_IDLE_SECONDS, SESSION_SECONDS } from './times.ts'

/** The session of a request, with its person as it is now. */
export interface OwnSession extends PersonSession {
  /** What the cookie proves. Never leaves the server but in the cookie. */
  readonly token: string
  readonly name: string
  readonly two_factor_enabled: boolean
  readonly email_verified: boolean
}

/** A session as its person may see it. */
export interface ListedSession {
  readonly session_id: string
  readonly created_at: string
  /** To about an hour. */
  readonly last_seen_at: string
  readonly expires_at: string
  readonly address: string | null
  readonly user_agent: string | null
}

export interface SessionsDeps {
  readonly store: AccountStatements
  /** Read for each request: the key in use may change. */
  readonly cookieKeys: () => CookieKeys
  /** Whether cookies are for TLS only. */
  readonly secure: boolean
  /** Unix milliseconds. */
  readonly now: () => number
}

const FIND = `SELECT s.id, s.token, s.created_at, s.updated_at, s.expires_at, p.id AS person_id,
     p.email, p.name, p.two_factor_enabled, p.email_verified
   FROM {people_sessions} s JOIN {people} p ON p.id = s.person_id
   WHERE s.token = ? AND s.expires_at > ? AND s.created_at > ? AND p.disabled = 0`

const EXTEND = 'UPDATE {people_sessions} SET expires_at = ?, updated_at = ? WHERE id = ?'

const LIST = `SELECT id, created_at, updated_at, expires_at, ip_address, user_agent
   FROM {people_sessions} WHERE person_id = ? AND expires_at > ? AND created_at > ?
   ORDER BY updated_at DESC, id LIMIT 100`

export class PersonSessions implements Sessions {
  readonly #deps: SessionsDeps
  readonly #sql: ReturnType<typeof peopleSql>

  constructor(deps: SessionsDeps) {
    this.#deps = deps
    this.#sql = peopleSql(deps.store.accounts)
  }

  /**
   * The session of a `Cookie` header; null: none, or it has ended, or its person is disabled.
   *
   * @throws StoreUnavailable
   */
  async find(cookieHeader: string | undefined): Promise<OwnSession | null> {
    const { secure, cookieKeys } = this.#deps
    const cookie = readCookie(cookieHeader, sessionCookieName(secure))
    const token = cookie === null ? null : openCookie(cookie, cookieKeys())
    return token === null ? null : this.findByToken(token)
  }

  async findByToken(token: string): Promise<OwnSession | null> {
    const { rows } = await this.#sql(FIND, token, ...this.#livingSince())
    const row = rows[0]
    if (row === undefined) return null
    return {
      session_id: String(row.id),
      token: String(row.token),
      person_id: String(row.person_id),
      email: String(row.email),
      name: String(row.name),
      two_factor_enabled: row.two_factor_enabled === 1,
      email_verified: row.email_verified === 1,
      expires_at: await this.#extended(row),
    }
  }

  async list(person_id: string): Promise<ListedSession[]> {
    const { rows } = await this.#sql(LIST, person_id, ...this.#livingSince())
    return rows.map((row) => ({
      session_id: String(row.id),
      created_at: String(row.created_at),
      last_seen_at: String(row.updated_at),
      expires_at: String(row.expires_at),
      address: textOrNull(row.ip_address),
      user_agent: textOrNull(row.user_agent),
    }))
  }

  async has(person_id: string, session_id: string): Promise<boolean> {
    const text = 'SELECT 1 AS one FROM {people_sessions} WHERE person_id = ? AND id = ?'
    return (await this.#sql(text, person_id, session_id)).rows.length > 0
  }

  /** At most one write an hour; never past the absolute end. */
  async #extended(row: Record<string, unknown>): Promise<string> {
    const now = this.#deps.now()
    const expires_at = String(row.expires_at)
    if (now - Date.parse(String(row.updated_at)) < SESSION_EXTENDED_EVERY_SECONDS * 1000) {
      return expires_at
    }
    const end = Date.parse(String(row.created_at)) + SESSION_SECONDS * 1000
    const next = new Date(Math.min(now + SESSION_IDLE_SECONDS * 1000, end)).toISOString()
    await this.#sql(EXTEND, next, new Date(now).toISOString(), row.id)
    return next
  }

  #livingSince(): [now: string, createdAfter: string] {
    const now = this.#deps.now()
    const start = now - SESSION_SECONDS * 1000
    return [new Date(now).toISOString(), new Date(start).toISOString()]
  }
}

function textOrNull(value: unknown): string | null {
  return value === null || value === '' ? null : String(value)
}
