/** `miot people …`, on the stores directly: its operator owns the installation. */

import {
  type AdminContext,
  type AuthStore,
  createInvitation,
  createMailer,
  createResetLink,
  disablePerson,
  EncryptionKeys,
  enablePerson,
  getPerson,
  linkOf,
  listPeople,
  type Mail,
  type PersonView,
  removePerson,
  signOutPerson,
} from '@modulariot/auth'
import type { MailSettings, Role } from '@modulariot/auth/values'
import { onThisMachine, resolveTenant } from '../administration/local.ts'
import { type ConfirmOptions, confirmation } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { properties } from '../terminal/output.ts'
import { utc } from '../terminal/times.ts'

export async function listAccounts(context: Context): Promise<void> {
  await onThisMachine(context, async (admin) => {
    const people = await listPeople(admin)
    context.output.print({ people }, () =>
      people.length === 0
        ? ['There is no account yet.']
        : context.output.table(
            ['EMAIL', 'NAME', 'STATE', 'LAST SEEN', 'PERSON ID'],
            people.map((one) => [one.email, one.name, stateOf(one), seen(one), one.person_id]),
          ),
    )
  })
}

export async function showPerson(context: Context, named: string): Promise<void> {
  await withPerson(context, named, async (person) => {
    const { organizations, ...view } = person
    context.output.print(person, () => [
      ...properties([
        ['person_id', view.person_id],
        ['email', view.email],
        ['name', view.name],
        ['state', stateOf(view)],
        ['created', utc(view.created_at)],
        ['last seen', seen(view)],
      ]),
      ...organizations.map(({ name, org_id, role }) => `${role} of ${name} (${org_id})`),
    ])
  })
}

export interface InviteOptions {
  readonly email: string
  readonly role: Role
  readonly org?: string
}

export async function invite(context: Context, { email, role, org }: InviteOptions): Promise<void> {
  await onThisMachine(context, async (admin) => {
    const { issuer, mail } = context.config()
    const { org_id } = await resolveTenant({ org }, admin)
    const links: string[] = []
    const mails: Mail[] = []
    const made = await createInvitation(org_id, { email, role }, admin, {
      mailer: mail === null ? null : { queue: (message) => mails.push(message) > 0 },
      limits: null,
      linkOf: (token) => {
        const link = linkOf(issuer, 'invitation', token)
        links.push(link)
        return link
      },
    })
    // To the operator, the link is shown when the mail server does not take the message.
    const mailed = mail !== null && (await sendAll(mails, mail))
    const created = { ...made, link: mailed ? null : (links[0] ?? null), mailed }
    const { invitation, link } = created
    const until = `It works once, until ${utc(invitation.expires_at)}, for ${invitation.email}.`
    context.output.print(created, () =>
      link === null ? [`A message was sent to ${invitation.email}. ${until}`] : [link, '', until],
    )
  })
}

/** False: the mail server does not take a message. */
async function sendAll(mails: readonly Mail[], settings: MailSettings): Promise<boolean> {
  const mailer = createMailer({ settings, onError: () => {}, onSent: () => {} })
  try {
    for (const mail of mails) await mailer.send(mail)
    return true
  } catch {
    return false
  } finally {
    await mailer.close()
  }
}

export async function resetLink(context: Context, named: string): Promise<void> {
  await onThisMachine(context, async (admin, keys) => {
    const { issuer } = context.config()
    const encryptionKeys = new EncryptionKeys(keys)
    const { person, link } = await createResetLink(named, admin, { encryptionKeys, issuer })
    context.output.print({ person_id: person.person_id, email: person.email, link }, () => [
      link,
      '',
      `It works once, for an hour, and ends all sessions of ${person.email}.`,
    ])
  })
}

export async function disable(
  context: Context,
  named: string,
  options: ConfirmOptions,
): Promise<void> {
  const confirm = confirmation(options, 'proceeds')
  await withPerson(context, named, async (person, admin) => {
    await confirm(async () => [
      `This disables the account ${person.email}.`,
      'Its sessions end now, and it cannot sign in until it is enabled.',
      lastSeen(person),
    ])
    await disablePerson(person, admin)
    await printPerson(context, person, admin)
  })
}

export async function enable(context: Context, named: string): Promise<void> {
  await withPerson(context, named, async (person, admin) => {
    await enablePerson(person, admin)
    await printPerson(context, person, admin)
  })
}

export async function signOut(context: Context, named: string): Promise<void> {
  await withPerson(context, named, async (person, admin) => {
    await signOutPerson(person, admin)
    await printPerson(context, person, admin)
  })
}

export async function remove(
  context: Context,
  named: string,
  options: ConfirmOptions,
): Promise<void> {
  const confirm = confirmation(options, 'refused')
  await withPerson(context, named, async (person, admin) => {
    const { person_id, email } = person
    await confirm(async () => [
      `This removes the account ${email} (${person_id}), and cannot be undone.`,
      ...person.organizations.map(({ name, role }) => `It is ${role} of ${name}.`),
      'What the audit trail says about it stays.',
      lastSeen(person),
    ])
    await removePerson(person, admin)
    context.output.print({ removed: person_id, email }, () => [`Removed ${email}.`])
  })
}

type Admin = AdminContext<AuthStore>
type Person = Awaited<ReturnType<typeof getPerson>>

function withPerson(
  context: Context,
  named: string,
  work: (person: Person, admin: Admin) => Promise<void>,
): Promise<void> {
  return onThisMachine(context, async (admin) => work(await getPerson(named, admin), admin))
}

async function printPerson(
  context: Context,
  { person_id }: PersonView,
  admin: Admin,
): Promise<void> {
  const { organizations: _, ...person } = await getPerson(person_id, admin)
  context.output.print(person, () => [`${person.email}: ${stateOf(person)}`])
}

function stateOf({ disabled, email_verified, two_factor_enabled }: PersonView): string {
  if (disabled) return 'disabled'
  const words = [
    ...(email_verified ? ['verified'] : []),
    ...(two_factor_enabled ? ['second factor'] : []),
  ]
  return words.length === 0 ? 'active' : `active, ${words.join(', ')}`
}

function seen({ last_seen_at }: PersonView): string {
  return last_seen_at === null ? 'not signed in' : utc(last_seen_at)
}

function lastSeen(person: PersonView): string {
  return person.last_seen_at === null ? 'It is not signed in.' : `It was last seen ${seen(person)}.`
}
