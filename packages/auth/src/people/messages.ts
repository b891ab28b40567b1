/** The texts of messages to persons. Tokens are in the fragment, which no server is sent. */

import type { Mail } from './mailer-port.ts'

type Text = Omit<Mail, 'to'>

/** Where a link leads. */
export const LINK_PATHS = {
  invitation: '/console/invitation',
  reset: '/console/reset-password',
  verification: '/console/verify-email',
} as const

export function linkOf(issuer: string, kind: keyof typeof LINK_PATHS, token: string): string {
  return `${issuer}${LINK_PATHS[kind]}#${token}`
}

/** @param organization its name, which its members choose: it is quoted. */
export function invitationMessage(organization: string, role: string, link: string): Text {
  return {
    subject: `Invitation to “${organization}” on ModularIoT`,
    text: `You are invited to join the organization “${organization}” on ModularIoT as ${role}.
Open this link to accept:

${link}

It works once, for seven days. If you did not expect this message, ignore it.
`,
  }
}

export function verificationMessage(link: string): Text {
  return {
    subject: 'Confirm your e-mail address',
    text: `Open this link and enter your password to confirm your e-mail address for ModularIoT:

${link}

It works once, for 24 hours. If you did not sign up, ignore this message.
`,
  }
}

export function resetMessage(link: string): Text {
  return {
    subject: 'Choose a new password',
    text: `Open this link to choose a new password for ModularIoT:

${link}

It works once, for one hour, and ends all your sessions. If you did not ask for it, ignore this
message: your password stays as it is.
`,
  }
}

/** For someone who signs up again, while the page says the same as to anyone. */
export function knownAddressMessage(issuer: string): Text {
  return {
    subject: 'You have an account already',
    text: `Someone, perhaps you, signed up for ModularIoT with this address, which has an account already.

Sign in, or choose a new password there:

${issuer}/console/sign-in

If it was not you, ignore this message: nothing has changed.
`,
  }
}
