/** The endpoints of `/people/v1`: read the request, run the use case, respond. */

import { ENVIRONMENTS } from '@modulariot/oauth/protocol'
import { createParser } from '../../admin/schemas.ts'
import * as schemas from '../../people/account-schemas.ts'
import type { SecondFactor } from '../../people/better-auth-engine.ts'
import { describeSession } from '../../people/describe-session.ts'
import { requestVerification, verifyEmail } from '../../people/email-verification.ts'
import { acceptForSession, lookUpInvitation } from '../../people/invitation-links.ts'
import { createOrganization } from '../../people/own-organization.ts'
import { changePassword, requestReset, resetPassword } from '../../people/passwords-of-persons.ts'
import { PeopleError } from '../../people/people-error.ts'
import { recordOwnSignOut } from '../../people/record-own-change.ts'
import type { OwnSession } from '../../people/sessions.ts'
import { signIn as signInPerson, signInWithSecondFactor } from '../../people/sign-in.ts'
import { type SignUpInput, signUp as signUpPerson, signUpState } from '../../people/sign-up.ts'
import {
  confirmTwoFactor as confirm,
  endTwoFactor as end,
  startTwoFactor as start,
} from '../../people/two-factor.ts'
import type { PeopleCall } from './call.ts'

const parseSignUp = createParser<SignUpInput>(schemas.SignUpSchema)
const parseSignIn = createParser<{ email: string; password: string }>(schemas.SignInSchema)
const parseSecondFactor = createParser<SecondFactor>(schemas.SecondFactorSchema)
const parsePasswordChange = createParser<{ current_password: string; new_password: string }>(
  schemas.PasswordChangeSchema,
)
const parseEmail = createParser<{ email: string }>(schemas.EmailSchema)
const parseToken = createParser<{ token: string }>(schemas.TokenSchema)
const parseVerification = createParser<{ token: string; password: string }>(
  schemas.VerificationSchema,
)
const parseReset = createParser<{ token: string; new_password: string }>(schemas.ResetSchema)
const parsePassword = createParser<{ password: string }>(schemas.PasswordSchema)
const parseCode = createParser<{ code: string }>(schemas.CodeSchema)
const parseOrganization = createParser<{ name: string }>(schemas.OrganizationSchema)

export async function signUpInfo({ deps }: PeopleCall) {
  return { ...(await signUpState(deps)), environments: ENVIRONMENTS }
}

export async function signUp(call: PeopleCall) {
  const signedUp = await signUpPerson(parseSignUp(call.body()), call.caller, call.deps)
  call.status('token' in signedUp ? 201 : 202)
  return 'token' in signedUp ? withSession(call, signedUp.token) : signedUp
}

export async function signIn(call: PeopleCall) {
  const signedIn = await signInPerson(parseSignIn(call.body()), call.caller, call.deps)
  if (signedIn.kind === 'session') return withSession(call, signedIn.token)
  call.setChallenge(signedIn.challenge)
  return { two_factor: 'required' }
}

export async function secondFactor(call: PeopleCall) {
  const factor = parseSecondFactor(call.body())
  const token = await signInWithSecondFactor(factor, call.challenge(), call.caller, call.deps)
  call.endChallenge()
  return withSession(call, token)
}

export async function signOut(call: PeopleCall) {
  const session = await call.findSession()
  if (session !== null) await recordEnd(call, session, { endSession: session.session_id })
  call.endSession()
  return {}
}

export async function getSession(call: PeopleCall) {
  return describeSession(await call.session(), call.deps)
}

export async function password(call: PeopleCall) {
  const session = await call.session()
  const { current_password: current, new_password: next } = parsePasswordChange(call.body())
  return withSession(call, await changePassword({ current, next }, session, call.caller, call.deps))
}

export async function resetRequest(call: PeopleCall) {
  await requestReset(parseEmail(call.body()).email, call.caller, call.deps)
  return {}
}

export async function reset(call: PeopleCall) {
  const { token, new_password } = parseReset(call.body())
  await resetPassword({ token, password: new_password }, call.caller, call.deps)
  call.endSession()
  return {}
}

export async function verify(call: PeopleCall) {
  const token = await verifyEmail(parseVerification(call.body()), call.caller, call.deps)
  return token === null ? { sign_in: 'required' } : withSession(call, token)
}

export async function sendVerification(call: PeopleCall) {
  await requestVerification(parseEmail(call.body()).email, call.caller, call.deps)
  return {}
}

export async function sessions(call: PeopleCall) {
  const { person_id, session_id } = await call.session()
  const listed = await call.deps.sessions.list(person_id)
  return {
    sessions: listed.map((one) => ({ ...one, current: one.session_id === session_id })),
  }
}

export async function endOne(call: PeopleCall) {
  const session = await call.session()
  const endSession = call.param('session_id')
  const found = await call.deps.sessions.has(session.person_id, endSession)
  if (!found) throw new PeopleError('not_found')
  await recordEnd(call, session, { endSession })
  if (endSession === session.session_id) call.endSession()
  return {}
}

export async function endOthers(call: PeopleCall) {
  const session = await call.session()
  await recordEnd(call, session, { endSessionsBut: session.session_id })
  return {}
}

export async function startTwoFactor(call: PeopleCall) {
  const session = await call.session()
  return start(parsePassword(call.body()).password, session, call.caller, call.deps)
}

export async function confirmTwoFactor(call: PeopleCall) {
  const session = await call.session()
  const { code } = parseCode(call.body())
  return withSession(call, await confirm(code, session, call.caller, call.deps))
}

export async function endTwoFactor(call: PeopleCall) {
  const session = await call.session()
  const entered = parsePassword(call.body()).password
  return withSession(call, await end(entered, session, call.caller, call.deps))
}

export async function invitation(call: PeopleCall) {
  return lookUpInvitation(parseToken(call.body()).token, call.caller, call.deps)
}

export async function acceptInvitation(call: PeopleCall) {
  const session = await call.session()
  await acceptForSession(parseToken(call.body()).token, session, call.caller, call.deps)
  return describeSession(session, call.deps)
}

export async function organization(call: PeopleCall) {
  const session = await call.session()
  await createOrganization(parseOrganization(call.body()).name, session, call.caller, call.deps)
  call.status(201)
  return describeSession(session, call.deps)
}

/** The person's access tokens end with the sessions, and the trail gets an entry. */
function recordEnd(
  { caller, deps }: PeopleCall,
  person: OwnSession,
  sessions: Parameters<typeof recordOwnSignOut>[2],
): Promise<void> {
  return recordOwnSignOut('person.sessions_ended', person, sessions, caller, deps)
}

/** Sets the cookie of a new session, and answers with it. */
async function withSession(call: PeopleCall, token: string) {
  const session = await call.deps.sessions.findByToken(token)
  if (session === null) throw new PeopleError('unauthenticated')
  call.setSession(token)
  return describeSession(session, call.deps)
}
