/**
 * Creates accounts: the first of an installation, those of invited persons, or everyone's.
 *
 * An account without an organization is of no use, so what the account will belong to is decided
 * before it is created; when another request is faster, the new account is removed again.
 */

import { addressBlock } from '@modulariot/platform/net'
import { parseEmail } from './account-email.ts'
import type { Caller, PeopleDeps } from './deps.ts'
import { sendVerification } from './email-verification.ts'
import { wasMailed } from './invitations.ts'
import { acceptInvitation, claimInstallation, findInvitation } from './membership.ts'
import { knownAddressMessage } from './messages.ts'
import { createOrganizationOf } from './organizations.ts'
import { assertPassword } from './password-rules.ts'
import { PeopleError } from './people-error.ts'
import { tokenGuess } from './people-limits.ts'
import { personContext } from './person-context.ts'
import { queueMail } from './queue-mail.ts'
import { isSetupCode } from './setup-code.ts'
import { keepOrganizationName, organizationName, personName } from './sign-up-names.ts'
import { peopleSql } from './sql.ts'
import { inSteadyTime } from './steady-time.ts'

export interface SignUpInput {
  readonly email: string
  readonly password: string
  readonly name: string
  readonly organization_name?: string
  readonly setup_code?: string
  readonly invitation?: string
}

/** What the page for signing up has to ask for. */
export interface SignUpState {
  readonly mode: 'first' | 'invitation' | 'open'
  readonly setup_code_required: boolean
  /** Whether the address has to be verified by a message. */
  readonly mail: boolean
}

export type SignedUp = { readonly token: string } | { readonly verification: 'sent' }

/** What a new account will belong to. */
type Plan =
  | { readonly kind: 'claim' }
  | { readonly kind: 'invitation'; readonly token: string }
  | { readonly kind: 'organization' }

export async function signUpState(deps: PeopleDeps): Promise<SignUpState> {
  const mode = await modeNow(deps)
  return {
    mode,
    setup_code_required: mode === 'first' && deps.setupKeys !== null,
    mail: deps.mailer !== null,
  }
}

async function modeNow({ signUp, store }: PeopleDeps): Promise<SignUpState['mode']> {
  if (signUp === 'open') return 'open'
  if (signUp === 'invite') return 'invitation'
  const { rows } = await peopleSql(store.accounts)('SELECT 1 AS one FROM {members} LIMIT 1')
  return rows.length === 0 ? 'first' : 'invitation'
}

/** @throws PeopleError */
export async function signUp(
  input: SignUpInput,
  caller: Caller,
  deps: PeopleDeps,
): Promise<SignedUp> {
  // 1. Is it well-formed?
  const email = parseEmail(input.email)
  const name = personName(input.name)
  const organization = organizationName(input.organization_name)
  // 2. Is it allowed, and what for?
  if (input.invitation === undefined) {
    const attempt = [['signUps', addressBlock(caller.address)]] as const
    deps.limits.assertWithin(...attempt)
    deps.limits.spend(...attempt)
  }
  const plan = await deps.limits.guess(tokenGuess(caller.address), () =>
    planOf({ ...input, email }, caller, deps),
  )
  assertPassword(input.password, email)
  // 3. Create the account. For strangers it must not show whether it existed.
  const account = { email, name, password: input.password }
  if (plan.kind === 'organization' && deps.mailer !== null) {
    await inSteadyTime(() => signUpByMail(account, organization, deps))
    return { verification: 'sent' }
  }
  if (deps.mailer !== null && provesAddress(plan, deps)) await removeUnproved(email, deps)
  const person_id = await (await deps.accounts()).signUp(account)
  if (person_id === null) {
    // Each costs a hash, also with an invitation, which stays good.
    deps.limits.spend(...tokenGuess(caller.address))
    throw new PeopleError('email_taken')
  }
  // 4. Give it its organization.
  const person = { person_id, email, name }
  try {
    await join(plan, { person, organization }, caller, deps)
  } catch (error) {
    await peopleSql(deps.store.accounts)('DELETE FROM {people} WHERE id = ?', person_id)
    throw error
  }
  // 5. Sign in, unless the address has to be verified first.
  if (deps.mailer !== null && !provesAddress(plan, deps)) {
    await sendVerification(email, deps)
    return { verification: 'sent' }
  }
  return { token: await (await deps.accounts()).createSession(person_id, caller) }
}

async function planOf(input: SignUpInput, caller: Caller, deps: PeopleDeps): Promise<Plan> {
  if (input.invitation !== undefined) {
    await findInvitation(input.invitation, input.email, caller, deps)
    return { kind: 'invitation', token: input.invitation }
  }
  const mode = await modeNow(deps)
  if (mode === 'open') return { kind: 'organization' }
  if (mode !== 'first') throw new PeopleError('sign_up_closed')
  const keys = deps.setupKeys?.() ?? null
  if (keys !== null && !isSetupCode(input.setup_code ?? '', keys)) {
    throw new PeopleError('wrong_setup_code')
  }
  return { kind: 'claim' }
}

/** A link that was shown, perhaps before there was mail, proves nothing. */
function provesAddress(plan: Plan, { mailer }: PeopleDeps): boolean {
  return plan.kind === 'invitation' && (mailer === null || wasMailed(plan.token))
}

/**
 * Makes room for the holder of the address: removes the account, with its password and sessions,
 * that was made with it and neither verified nor used.
 */
async function removeUnproved(email: string, { store }: PeopleDeps): Promise<void> {
  await peopleSql(store.accounts)(
    `DELETE FROM {people} WHERE email = ? AND email_verified = 0 AND two_factor_enabled = 0
       AND disabled = 0 AND id NOT IN (SELECT person_id FROM {members})`,
    email,
  )
}

interface Joining {
  readonly person: { readonly person_id: string; readonly email: string; readonly name: string }
  readonly organization: string | null
}

async function join(
  plan: Plan,
  { person, organization }: Joining,
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  if (plan.kind === 'invitation') {
    await acceptInvitation(plan.token, person, caller, deps)
    if (!provesAddress(plan, deps)) return
    const verified = 'UPDATE {people} SET email_verified = 1 WHERE id = ?'
    await peopleSql(deps.store.accounts)(verified, person.person_id)
  } else if (plan.kind === 'claim') {
    await claimInstallation(person, organization, caller, deps)
  } else {
    const context = personContext(person, caller, deps)
    await createOrganizationOf(person, organization ?? person.name, context)
  }
}

/** Writes to the address in any case: with the link, or that there is an account already. */
async function signUpByMail(
  account: { email: string; name: string; password: string },
  organization: string | null,
  deps: PeopleDeps,
): Promise<void> {
  const person_id = await (await deps.accounts()).signUp(account)
  const { email } = account
  if (person_id !== null) {
    await keepOrganizationName(person_id, organization ?? account.name, deps)
    await sendVerification(email, deps)
    return
  }
  await queueMail(email, async () => knownAddressMessage(deps.issuer), deps)
}
