/** A person's request that is refused, with the text for the person. */

interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 409 | 429
  readonly title: string
  readonly detail: string
}

/** A new code is a new row. */
// biome-ignore format: a table reads best with one line a row
export const PEOPLE_ERRORS = {
  invalid_input: { status: 400, title: 'Invalid request', detail: 'The request is invalid' },
  password_too_short: { status: 400, title: 'Password too short', detail: 'Choose a password of at least 12 characters; a few words are easy to remember' },
  password_too_long: { status: 400, title: 'Password too long', detail: 'Choose a password of at most 128 characters' },
  password_guessable: { status: 400, title: 'Password easy to guess', detail: 'Choose a password that is not your address and not among the most common ones' },
  wrong_password: { status: 400, title: 'Wrong password', detail: 'The current password is not correct' },
  wrong_account_password: { status: 400, title: 'Wrong password', detail: 'The password is not the one of this account; if you do not know it, use “forgot password” to choose a new one, which verifies the address too' },
  invalid_code: { status: 400, title: 'Wrong code', detail: 'The code is not correct, or was used before; enter the next one' },
  invalid_token: { status: 400, title: 'Link no longer valid', detail: 'The link has expired or was used before; request a new one' },
  two_factor_on: { status: 400, title: 'Already on', detail: 'The second factor is on already; turn it off first' },
  two_factor_off: { status: 400, title: 'Not on', detail: 'There is no second factor to use; set it up first' },
  unauthenticated: { status: 401, title: 'Not signed in', detail: 'Sign in first' },
  invalid_credentials: { status: 401, title: 'Sign-in failed', detail: 'The e-mail address or the password is not correct' },
  challenge_ended: { status: 401, title: 'Sign-in expired', detail: 'Sign in again from the beginning' },
  email_not_verified: { status: 403, title: 'Address not verified', detail: 'Open the link in the message that was sent to you first' },
  sign_up_closed: { status: 403, title: 'By invitation', detail: 'Accounts are created by invitation here: ask an owner of your organization for a link' },
  organizations_closed: { status: 403, title: 'By the operator', detail: 'The operator of this server creates organizations, with miot orgs create' },
  wrong_setup_code: { status: 403, title: 'Wrong setup code', detail: 'Enter the setup code that the server printed when it started' },
  invitation_ended: { status: 403, title: 'Invitation no longer valid', detail: 'The invitation has expired, was used or withdrawn, or is for another address; ask for a new one' },
  cross_site: { status: 403, title: 'Not from this page', detail: 'Requests must come from this server’s own pages' },
  not_found: { status: 404, title: 'Not found', detail: 'There is no such session' },
  email_taken: { status: 409, title: 'Address taken', detail: 'There is an account with this address: sign in' },
  too_many_organizations: { status: 409, title: 'Too many organizations', detail: 'You are a member of 20 organizations or more, and create no further one; leave one first' },
  two_factor_locked: { status: 429, title: 'Too many wrong codes', detail: 'Too many wrong codes were entered; try again in 15 minutes' },
  too_many_requests: { status: 429, title: 'Too many attempts', detail: 'Too many attempts; try again later' },
} as const satisfies Record<string, Refusal>

export type PeopleErrorCode = keyof typeof PEOPLE_ERRORS

export class PeopleError extends Error {
  override readonly name = 'PeopleError'
  readonly code: PeopleErrorCode
  /** Seconds, for 429. */
  readonly retryAfterSeconds: number | null

  constructor(
    code: PeopleErrorCode,
    detail: string = PEOPLE_ERRORS[code].detail,
    retryAfterSeconds: number | null = null,
  ) {
    super(detail)
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds
  }
}
