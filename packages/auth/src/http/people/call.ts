/** One request to `/people/v1`: its body, its session, and the cookies of its answer. */

import { clientAddress } from '@modulariot/platform/http'
import { decodeUtf8, parseUniqueJson } from '@modulariot/platform/json'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller, PeopleDeps } from '../../people/deps.ts'
import { PeopleError } from '../../people/people-error.ts'
import {
  type CookieKeys,
  challengeCookieName,
  openCookie,
  readCookie,
  sessionCookieName,
  setCookie,
  signCookie,
} from '../../people/session-cookie.ts'
import type { OwnSession } from '../../people/sessions.ts'
import { CHALLENGE_SECONDS, SESSION_SECONDS } from '../../people/times.ts'

export interface PeopleHttpDeps {
  readonly people: PeopleDeps
  readonly cookieKeys: () => CookieKeys
  /** Whether cookies are for TLS only. */
  readonly secure: boolean
}

export type PeopleRequest = FastifyRequest<{
  Params: Record<string, string>
  Body: Buffer | undefined
}>

export class PeopleCall {
  readonly deps: PeopleDeps
  readonly caller: Caller
  readonly #request: PeopleRequest
  readonly #reply: FastifyReply
  readonly #http: PeopleHttpDeps

  constructor(request: PeopleRequest, reply: FastifyReply, http: PeopleHttpDeps) {
    this.#request = request
    this.#reply = reply
    this.#http = http
    this.deps = http.people
    this.caller = {
      address: clientAddress(request),
      user_agent: request.headers['user-agent']?.slice(0, 500) ?? null,
      request_id: request.id,
    }
  }

  body(): unknown {
    return parseUniqueJson(decodeUtf8(this.#request.body ?? Buffer.alloc(0)))
  }

  param(name: string): string {
    return this.#request.params[name] ?? ''
  }

  status(code: 200 | 201 | 202): void {
    this.#reply.code(code)
  }

  /** @throws PeopleError `unauthenticated`. */
  async session(): Promise<OwnSession> {
    const session = await this.findSession()
    if (session === null) throw new PeopleError('unauthenticated')
    return session
  }

  findSession(): Promise<OwnSession | null> {
    return this.deps.sessions.find(this.#request.headers.cookie)
  }

  /** What better-auth called the sign-in that waits for a second factor. */
  challenge(): string | null {
    const { cookieKeys, secure } = this.#http
    const cookie = readCookie(this.#request.headers.cookie, challengeCookieName(secure))
    return cookie === null ? null : openCookie(cookie, cookieKeys())
  }

  setSession(token: string): void {
    this.#set(sessionCookieName(this.#http.secure), token, SESSION_SECONDS)
  }

  endSession(): void {
    this.#set(sessionCookieName(this.#http.secure), null, 0)
  }

  setChallenge(challenge: string): void {
    this.#set(challengeCookieName(this.#http.secure), challenge, CHALLENGE_SECONDS)
  }

  endChallenge(): void {
    this.#set(challengeCookieName(this.#http.secure), null, 0)
  }

  #set(name: string, value: string | null, maxAgeSeconds: number): void {
    const { cookieKeys, secure } = this.#http
    const signed = value === null ? '' : signCookie(value, cookieKeys())
    this.#reply.header('set-cookie', setCookie(name, signed, { secure, maxAgeSeconds }))
  }
}
