/**
 * The only door to better-auth: what it does for us, as functions with our words and our errors.
 *
 * It is loaded when the first person needs it (accounts.ts), since loading takes 0.4 s of CPU. None
 * of a request's headers reach it; we give it the address, the browser's name, and the one cookie
 * that we have verified.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import { createHmac } from 'node:crypto'
import { StoreConflict } from '@modulariot/platform/storage'
import { betterAuth } from 'better-auth'
import { APIError } from 'better-auth/api'
import type { AccountStatements } from '../store/ports/accounts.ts'
import {
  type AccountPerson,
  ADDRESS_HEADER,
  betterAuthOptions,
  INNER_COOKIES,
  versionedSecret,
} from './better-auth-options.ts'
import type { Passwords } from './passwords.ts'
import { PeopleError, type PeopleErrorCode } from './people-error.ts'
import { peopleSql } from './sql.ts'

export interface EngineDeps {
  readonly statements: AccountStatements['accounts']
  readonly passwords: Passwords
  /** The key in use first. */
  readonly secrets: readonly Uint8Array[]
  readonly requireVerification: boolean
  readonly onLog: (level: string, message: string) => void
}

/** Where a request comes from, for the list of sessions. */
export interface Origin {
  readonly address: string
  readonly user_agent: string | null
}

/** What a link for a person holds. */
export interface IssuedToken {
  readonly person: AccountPerson
  readonly token: string
}

export type SignedIn =
  | { readonly kind: 'session'; readonly token: string }
  /** The second factor is missing. */
  | { readonly kind: 'challenge'; readonly challenge: string }

export type SecondFactor = { readonly code: string } | { readonly backup_code: string }

export type Engine = ReturnType<typeof createEngine>

/** What happened below one call, which better-auth does not tell. */
interface Scope {
  /** Of the store or of the queue for hashes; better-auth answers some as if they were its own. */
  failure: unknown
  issued: IssuedToken | null
  person: AccountPerson | null
  /** What was entered with the token of an address. */
  readonly password: string
}

/** The endpoints that we call; their types cost the compiler more than they tell it. */
type Api = Readonly<Record<string, (call: object) => Promise<Response>>>

interface Inner {
  readonly api: Api
  readonly $context: Promise<{
    readonly internalAdapter: {
      createSession(id: string, short: boolean, values: object): Promise<{ token: string } | null>
    }
  }>
}

export function createEngine(deps: EngineDeps) {
  const scopes = new AsyncLocalStorage<Scope>()
  const inner = createInner(deps, scopes)
  const { value: secret } = versionedSecret(deps.secrets[0] as Uint8Array)

  /** @throws PeopleError, and what failed in the store. */
  async function call(endpoint: string, input: object, password = ''): Promise<Answer> {
    const scope: Scope = { failure: null, issued: null, person: null, password }
    const response = await scopes
      .run(scope, async () => inner.api[endpoint]?.({ ...input, asResponse: true }))
      .catch((error: unknown) => {
        throw scope.failure ?? error
      })
    if (scope.failure !== null) throw scope.failure
    if (response === undefined) throw new Error(`better-auth has no ${endpoint}`)
    const body = (await response.json()) as Record<string, unknown>
    if (!response.ok) throw refusalOf(endpoint, response.status, body)
    return { body, cookies: response.headers.getSetCookie(), scope }
  }

  function headersOf(cookie: InnerCookie | null, from: Origin | null): Headers {
    const headers = new Headers()
    if (from !== null) headers.set(ADDRESS_HEADER, from.address)
    if (from?.user_agent) headers.set('user-agent', from.user_agent)
    if (cookie !== null) headers.set('cookie', innerCookie(cookie, secret))
    return headers
  }

  return {
    /** Null: the address is taken. */
    async signUp(body: { email: string; password: string; name: string }): Promise<string | null> {
      let id: string
      try {
        const { body: answer } = await call('signUpEmail', { body })
        id = (answer.user as { id: string }).id
      } catch (error) {
        // Another request was faster.
        if (error instanceof StoreConflict) return null
        throw error
      }
      // For a taken address the answer is made up.
      const find = peopleSql(deps.statements)
      const { rows } = await find('SELECT id FROM {people} WHERE id = ?', id)
      return rows.length === 0 ? null : id
    },

    async signIn(body: { email: string; password: string }, from: Origin): Promise<SignedIn> {
      const { cookies } = await call('signInEmail', { body, headers: headersOf(null, from) })
      const challenge = cookieValue(cookies, INNER_COOKIES.challenge)
      if (challenge !== null) return { kind: 'challenge', challenge }
      return { kind: 'session', token: sessionOf(cookies) }
    },

    /** A session without a password: for a person that proved itself otherwise. */
    async createSession(person_id: string, from: Origin): Promise<string> {
      const { internalAdapter } = await inner.$context
      const { address: ipAddress, user_agent: userAgent } = from
      const values = { ipAddress, userAgent: userAgent ?? '' }
      const session = await internalAdapter.createSession(person_id, false, values)
      if (session === null) throw new PeopleError('invalid_credentials')
      return session.token
    },

    async secondFactor(factor: SecondFactor, challenge: string, from: Origin): Promise<string> {
      const headers = headersOf({ name: 'challenge', value: challenge }, from)
      const byCode = 'code' in factor
      const endpoint = byCode ? 'verifyTOTP' : 'verifyBackupCode'
      const body = { code: byCode ? factor.code : factor.backup_code }
      return sessionOf((await call(endpoint, { body, headers })).cookies)
    },

    /** Ends all sessions of the person; returns the token of a new one. */
    async changePassword(
      token: string,
      { current, next }: { current: string; next: string },
      from: Origin,
    ): Promise<string> {
      const body = { currentPassword: current, newPassword: next, revokeOtherSessions: true }
      const headers = headersOf({ name: 'session', value: token }, from)
      return sessionOf((await call('changePassword', { body, headers })).cookies)
    },

    /** Null: no account has this address. */
    async issueReset(email: string): Promise<IssuedToken | null> {
      const { scope } = await call('requestPasswordReset', { body: { email } })
      return scope.issued
    },

    /** Ends all sessions of the person. */
    async resetPassword(token: string, newPassword: string): Promise<AccountPerson> {
      const { scope } = await call('resetPassword', { body: { token, newPassword } })
      if (scope.person === null) throw new Error('better-auth named no person')
      return scope.person
    },

    /** Null: no account has this address, or it was verified already. */
    async issueVerification(email: string): Promise<IssuedToken | null> {
      const { scope } = await call('sendVerificationEmail', { body: { email } })
      return scope.issued
    },

    /** The token stays good after a wrong password. */
    async verifyEmail(token: string, password: string): Promise<AccountPerson> {
      const input = { query: { token }, headers: new Headers() }
      const { scope } = await call('verifyEmail', input, password)
      if (scope.person === null) throw new PeopleError('invalid_token')
      return scope.person
    },

    async startTwoFactor(token: string, password: string) {
      const headers = headersOf({ name: 'session', value: token }, null)
      const { body } = await call('enableTwoFactor', { body: { password }, headers })
      return { totp_uri: String(body.totpURI), backup_codes: body.backupCodes as string[] }
    },

    /** Returns the token of a new session. */
    async confirmTwoFactor(token: string, code: string, from: Origin): Promise<string> {
      const headers = headersOf({ name: 'session', value: token }, from)
      return sessionOf((await call('verifyTOTP', { body: { code }, headers })).cookies)
    },

    /** Returns the token of a new session. */
    async endTwoFactor(token: string, password: string, from: Origin): Promise<string> {
      const headers = headersOf({ name: 'session', value: token }, from)
      return sessionOf((await call('disableTwoFactor', { body: { password }, headers })).cookies)
    },
  }
}

/** Of one person; a new one ends the oldest. */
const MAX_SESSIONS = 100

const END_OLDEST = `DELETE FROM {people_sessions} WHERE person_id = ? AND id NOT IN
   (SELECT id FROM {people_sessions} WHERE person_id = ? ORDER BY created_at DESC, id LIMIT ?)`

interface Answer {
  readonly body: Record<string, unknown>
  readonly cookies: readonly string[]
  readonly scope: Scope
}

function createInner(deps: EngineDeps, scopes: AsyncLocalStorage<Scope>): Inner {
  const { passwords, statements } = deps
  const sql = peopleSql(deps.statements)
  async function noted<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work
    } catch (error) {
      const scope = scopes.getStore()
      if (scope !== undefined) scope.failure ??= error
      throw error
    }
  }
  async function issued(person: AccountPerson, token: string): Promise<void> {
    const scope = scopes.getStore()
    if (scope !== undefined) scope.issued = { person, token }
  }
  async function named(person: AccountPerson): Promise<void> {
    const scope = scopes.getStore()
    if (scope !== undefined) scope.person = person
  }
  async function assertOwn(person_id: string, password: string): Promise<void> {
    const text = `SELECT password FROM {people_accounts}
      WHERE person_id = ? AND provider_id = 'credential'`
    const hash = String((await sql(text, person_id)).rows[0]?.password ?? '')
    if (await passwords.verify({ hash, password })) return
    throw new PeopleError('wrong_account_password')
  }
  const options = betterAuthOptions({
    ...deps,
    statements: {
      dialect: statements.dialect,
      run: (text, parameters) => noted(statements.run(text, parameters)),
    },
    passwords: {
      hash: (password) => noted(passwords.hash(password)),
      verify: (entered) => noted(passwords.verify(entered)),
    },
    async maySignIn(person_id) {
      const { rows } = await noted(sql('SELECT disabled FROM {people} WHERE id = ?', person_id))
      if (rows[0]?.disabled !== 0) return false
      await noted(sql(END_OLDEST, person_id, person_id, MAX_SESSIONS - 1))
      return true
    },
    async onVerification(person) {
      await noted(assertOwn(person.id, scopes.getStore()?.password ?? ''))
      // better-auth checks this before, and then writes without a condition: two would succeed.
      const text = 'UPDATE {people} SET email_verified = 1 WHERE id = ? AND email_verified = 0'
      const { count } = await noted(sql(text, person.id))
      if (count === 0) throw new APIError('BAD_REQUEST', { code: 'INVALID_TOKEN' })
      await named(person)
    },
    onVerificationToken: issued,
    onResetToken: issued,
    onPasswordReset: named,
  })
  return betterAuth(options) as unknown as Inner
}

interface InnerCookie {
  readonly name: keyof typeof INNER_COOKIES
  readonly value: string
}

/** As better-auth signs its cookies. */
function innerCookie({ name, value }: InnerCookie, secret: string): string {
  const signature = createHmac('sha256', secret).update(value).digest('base64')
  return `${INNER_COOKIES[name]}=${encodeURIComponent(`${value}.${signature}`)}`
}

/** The value without its signature; null: not set, or removed. */
function cookieValue(cookies: readonly string[], name: string): string | null {
  const set = cookies.findLast((cookie) => cookie.startsWith(`${name}=`))
  const text = decodeURIComponent(set?.slice(name.length + 1).split(';', 1)[0] ?? '')
  return text === '' ? null : text.slice(0, text.lastIndexOf('.'))
}

function sessionOf(cookies: readonly string[]): string {
  const token = cookieValue(cookies, INNER_COOKIES.session)
  if (token === null) throw new Error('better-auth created no session')
  return token
}

/** Its codes in our words. Any other is a fault of ours. */
const REFUSALS: Readonly<Record<string, PeopleErrorCode>> = {
  INVALID_EMAIL: 'invalid_credentials',
  INVALID_EMAIL_OR_PASSWORD: 'invalid_credentials',
  PASSWORD_TOO_LONG: 'invalid_credentials',
  // The person is disabled.
  FAILED_TO_CREATE_SESSION: 'invalid_credentials',
  EMAIL_NOT_VERIFIED: 'email_not_verified',
  UNAUTHORIZED: 'unauthenticated',
  INVALID_PASSWORD: 'wrong_password',
  INVALID_TOKEN: 'invalid_token',
  TOKEN_EXPIRED: 'invalid_token',
  USER_NOT_FOUND: 'invalid_token',
  INVALID_CODE: 'invalid_code',
  INVALID_BACKUP_CODE: 'invalid_code',
  INVALID_TWO_FACTOR_COOKIE: 'challenge_ended',
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: 'challenge_ended',
  ACCOUNT_TEMPORARILY_LOCKED: 'two_factor_locked',
  TOTP_ALREADY_ENABLED: 'two_factor_on',
  TOTP_NOT_ENABLED: 'two_factor_off',
  BACKUP_CODES_NOT_ENABLED: 'two_factor_off',
}

function refusalOf(endpoint: string, status: number, body: Record<string, unknown>): Error {
  const code = REFUSALS[String(body.code)]
  if (code !== undefined) return new PeopleError(code)
  // Another request has used the same backup code at the same time.
  if (status === 409) return new PeopleError('invalid_code')
  return new Error(`better-auth: ${endpoint} answered ${status} ${String(body.code)}`)
}
