/**
 * Every METHOD and path of `/people/v1`, for the pages of the console. OpenAPI is generated from
 * this table.
 *
 * The endpoints, and the accounts behind them, are loaded at the first request.
 */

import type { TSchema } from '@modulariot/platform/schema'
import * as schemas from '../../people/account-schemas.ts'
import type { PeopleErrorCode } from '../../people/people-error.ts'
import type { PeopleCall } from './call.ts'

type Endpoints = typeof import('./endpoints.ts')

export interface PeopleRoute {
  readonly operationId: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** In OpenAPI's notation. */
  readonly path: string
  readonly summary: string
  /** `session`: for a person who is signed in. */
  readonly security: 'none' | 'session'
  readonly body?: TSchema
  /** By status. */
  readonly answers: Readonly<Partial<Record<200 | 201 | 202, TSchema>>>
  /** What it may be refused for, besides what every route may. */
  readonly refusals: readonly PeopleErrorCode[]
  readonly handle: (endpoints: Endpoints) => (call: PeopleCall) => Promise<unknown>
}

const PASSWORD_RULES = ['password_too_short', 'password_too_long', 'password_guessable'] as const

// biome-ignore format: a table reads best with one line a route
export const PEOPLE_ROUTES: readonly PeopleRoute[] = [
  { operationId: 'getSignUp', method: 'GET', path: '/people/v1/sign-up', security: 'none', answers: { 200: schemas.SignUpStateSchema }, refusals: [], handle: (to) => to.signUpInfo,
    summary: 'Whether and how accounts are created' },
  { operationId: 'signUp', method: 'POST', path: '/people/v1/sign-up', security: 'none', body: schemas.SignUpSchema, answers: { 201: schemas.SessionSchema, 202: schemas.VerificationSentSchema }, refusals: [...PASSWORD_RULES, 'sign_up_closed', 'wrong_setup_code', 'invitation_ended', 'email_taken'], handle: (to) => to.signUp,
    summary: 'Create an account; 202: a message with a link was sent' },
  { operationId: 'signIn', method: 'POST', path: '/people/v1/sign-in', security: 'none', body: schemas.SignInSchema, answers: { 200: schemas.SignedInSchema }, refusals: ['invalid_credentials', 'email_not_verified'], handle: (to) => to.signIn,
    summary: 'Sign in with a password' },
  { operationId: 'signInWithSecondFactor', method: 'POST', path: '/people/v1/sign-in/two-factor', security: 'none', body: schemas.SecondFactorSchema, answers: { 200: schemas.SessionSchema }, refusals: ['invalid_code', 'challenge_ended', 'two_factor_locked'], handle: (to) => to.secondFactor,
    summary: 'Finish signing in with a code' },
  { operationId: 'signOut', method: 'POST', path: '/people/v1/sign-out', security: 'none', answers: { 200: schemas.EmptySchema }, refusals: [], handle: (to) => to.signOut,
    summary: 'End this session' },
  { operationId: 'getSession', method: 'GET', path: '/people/v1/session', security: 'session', answers: { 200: schemas.SessionSchema }, refusals: [], handle: (to) => to.getSession,
    summary: 'Get the person, its organizations, and what it may do there' },
  { operationId: 'changePassword', method: 'POST', path: '/people/v1/password', security: 'session', body: schemas.PasswordChangeSchema, answers: { 200: schemas.SessionSchema }, refusals: [...PASSWORD_RULES, 'wrong_password'], handle: (to) => to.password,
    summary: 'Change the password; ends the other sessions' },
  { operationId: 'requestPasswordReset', method: 'POST', path: '/people/v1/password/reset-request', security: 'none', body: schemas.EmailSchema, answers: { 202: schemas.EmptySchema }, refusals: [], handle: (to) => to.resetRequest,
    summary: 'Send a link to choose a new password; the answer is the same for every address' },
  { operationId: 'resetPassword', method: 'POST', path: '/people/v1/password/reset', security: 'none', body: schemas.ResetSchema, answers: { 200: schemas.EmptySchema }, refusals: [...PASSWORD_RULES, 'invalid_token'], handle: (to) => to.reset,
    summary: 'Choose a new password with the token of a link; ends all sessions' },
  { operationId: 'verifyEmail', method: 'POST', path: '/people/v1/email/verify', security: 'none', body: schemas.VerificationSchema, answers: { 200: schemas.VerifiedSchema }, refusals: ['invalid_token', 'wrong_account_password'], handle: (to) => to.verify,
    summary: 'Verify the address with the token of a link and the account’s password, and sign in' },
  { operationId: 'sendVerification', method: 'POST', path: '/people/v1/email/send-verification', security: 'none', body: schemas.EmailSchema, answers: { 202: schemas.EmptySchema }, refusals: [], handle: (to) => to.sendVerification,
    summary: 'Send that link again; the answer is the same for every address' },
  { operationId: 'listSessions', method: 'GET', path: '/people/v1/sessions', security: 'session', answers: { 200: schemas.SessionListSchema }, refusals: [], handle: (to) => to.sessions,
    summary: 'List the sessions of the person' },
  { operationId: 'endOtherSessions', method: 'DELETE', path: '/people/v1/sessions', security: 'session', answers: { 200: schemas.EmptySchema }, refusals: [], handle: (to) => to.endOthers,
    summary: 'End all other sessions' },
  { operationId: 'endSession', method: 'DELETE', path: '/people/v1/sessions/{session_id}', security: 'session', answers: { 200: schemas.EmptySchema }, refusals: ['not_found'], handle: (to) => to.endOne,
    summary: 'End one session' },
  { operationId: 'startTwoFactor', method: 'POST', path: '/people/v1/two-factor', security: 'session', body: schemas.PasswordSchema, answers: { 200: schemas.NewTwoFactorSchema }, refusals: ['wrong_password', 'two_factor_on'], handle: (to) => to.startTwoFactor,
    summary: 'Begin to set up a second factor; only this response contains the codes' },
  { operationId: 'confirmTwoFactor', method: 'POST', path: '/people/v1/two-factor/confirm', security: 'session', body: schemas.CodeSchema, answers: { 200: schemas.SessionSchema }, refusals: ['invalid_code', 'two_factor_on', 'two_factor_off'], handle: (to) => to.confirmTwoFactor,
    summary: 'Turn the second factor on, with its first code' },
  { operationId: 'endTwoFactor', method: 'POST', path: '/people/v1/two-factor/disable', security: 'session', body: schemas.PasswordSchema, answers: { 200: schemas.SessionSchema }, refusals: ['wrong_password', 'two_factor_off'], handle: (to) => to.endTwoFactor,
    summary: 'Turn the second factor off' },
  { operationId: 'lookUpInvitation', method: 'POST', path: '/people/v1/invitations/look-up', security: 'none', body: schemas.TokenSchema, answers: { 200: schemas.InvitationSchema }, refusals: ['invitation_ended'], handle: (to) => to.invitation,
    summary: 'See what the link of an invitation offers' },
  { operationId: 'acceptInvitation', method: 'POST', path: '/people/v1/invitations/accept', security: 'session', body: schemas.TokenSchema, answers: { 200: schemas.SessionSchema }, refusals: ['invitation_ended'], handle: (to) => to.acceptInvitation,
    summary: 'Accept an invitation' },
  { operationId: 'createOwnOrganization', method: 'POST', path: '/people/v1/organizations', security: 'session', body: schemas.OrganizationSchema, answers: { 201: schemas.SessionSchema }, refusals: ['organizations_closed', 'too_many_organizations'], handle: (to) => to.organization,
    summary: 'Create an organization, where everyone may' },
]
