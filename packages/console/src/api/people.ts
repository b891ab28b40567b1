/** `/people/v1`: accounts, sessions and invitations. */

import type { paths } from './people-schema.d.ts'
import { send } from './refusal.ts'

type Answer<Path extends keyof paths, Method extends 'get' | 'post', Status extends number> =
  paths[Path] extends Record<
    Method,
    { responses: Record<Status, { content: { 'application/json': infer Value } }> }
  >
    ? Value
    : never

export type Session = Answer<'/people/v1/session', 'get', 200>
export type Membership = Session['organizations'][number]
export type Role = Membership['role']
export type Environment = keyof Membership['scopes']
export type SignUpMode = Answer<'/people/v1/sign-up', 'get', 200>
export type SignUpInput =
  paths['/people/v1/sign-up']['post']['requestBody']['content']['application/json']
type Sessions = Answer<'/people/v1/sessions', 'get', 200>
export type OpenSession = Sessions['sessions'][number]
export type InvitationOffer = Answer<'/people/v1/invitations/look-up', 'post', 200>

type Method = 'GET' | 'POST' | 'DELETE'

async function call<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
  const response = await send(`/people/v1${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  return response.json()
}

const post = <Answer = unknown>(path: string, body: object = {}) => call<Answer>('POST', path, body)

export const people = {
  signUpMode: () => call<SignUpMode>('GET', '/sign-up'),
  signUp: (input: SignUpInput) => post<Session | { verification: 'sent' }>('/sign-up', input),
  signIn: (email: string, password: string) =>
    post<Session | { two_factor: 'required' }>('/sign-in', { email, password }),
  secondFactor: (code: { code: string } | { backup_code: string }) =>
    post<Session>('/sign-in/two-factor', code),
  signOut: () => post('/sign-out'),
  session: () => call<Session>('GET', '/session'),
  changePassword: (current_password: string, new_password: string) =>
    post('/password', { current_password, new_password }),
  requestReset: (email: string) => post('/password/reset-request', { email }),
  resetPassword: (token: string, new_password: string) =>
    post('/password/reset', { token, new_password }),
  verifyEmail: (token: string, password: string) =>
    post<Session | { sign_in: 'required' }>('/email/verify', { token, password }),
  sendVerification: (email: string) => post('/email/send-verification', { email }),
  sessions: () => call<Sessions>('GET', '/sessions'),
  endSession: (session_id: string) => call('DELETE', `/sessions/${encodeURIComponent(session_id)}`),
  endOtherSessions: () => call('DELETE', '/sessions'),
  startTwoFactor: (password: string) =>
    post<{ totp_uri: string; backup_codes: readonly string[] }>('/two-factor', { password }),
  confirmTwoFactor: (code: string) => post('/two-factor/confirm', { code }),
  disableTwoFactor: (password: string) => post('/two-factor/disable', { password }),
  invitation: (token: string) => post<InvitationOffer>('/invitations/look-up', { token }),
  acceptInvitation: (token: string) => post<Session>('/invitations/accept', { token }),
  createOrganization: (name: string) => post<Session>('/organizations', { name }),
}
