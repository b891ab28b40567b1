/** `miot people …`: the accounts of persons. */

import { ROLES, type Role } from '@modulariot/auth/values'
import { Argument, type Command, Option } from 'commander'
import { type ConfirmOptions, YES } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import type { MemberOptions } from './members.ts'
import type { InviteOptions } from './people.ts'

const ORGANIZATION = ['--org <org_id>', 'the organization (default: the only one)'] as const

export function addPeople(program: Command, context: () => Context): void {
  const people = program
    .command('people')
    .description('manage the accounts of persons, on the server’s machine')
    .addHelpText(
      'after',
      examples('miot people list', 'miot people invite --email ana@example.com --role developer'),
    )
  people
    .command('list')
    .description('list accounts')
    .addHelpText('after', examples('miot people list'))
    .action(async () => (await import('./people.ts')).listAccounts(context()))
  people
    .command('show <person>')
    .description('show an account and its organizations')
    .addHelpText('after', examples('miot people show ana@example.com'))
    .action(async (person: string) => (await import('./people.ts')).showPerson(context(), person))
  people
    .command('invite')
    .description('invite a person to an organization; prints the link unless it was mailed')
    .addHelpText('after', examples('miot people invite --email ana@example.com --role owner'))
    .requiredOption('--email <address>', 'only an account with this address may accept')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).default('viewer'))
    .option(...ORGANIZATION)
    .action(async (options: InviteOptions) =>
      (await import('./people.ts')).invite(context(), options),
    )
  people
    .command('role')
    .description('give a member of an organization another role; one owner stays')
    .addHelpText('after', examples('miot people role ana@example.com admin'))
    .argument('<person>', 'the address or the person_id')
    .addArgument(new Argument('<role>', 'what the person may do from now on').choices(ROLES))
    .option(...ORGANIZATION)
    .action(async (person: string, role: Role, options: MemberOptions) =>
      (await import('./members.ts')).giveRole(context(), person, role, options),
    )
  people
    .command('remove-member <person>')
    .description('end a membership; the account stays; asks on a terminal')
    .addHelpText('after', examples('miot people remove-member ana@example.com'))
    .option(...ORGANIZATION)
    .option(...YES)
    .action(async (person: string, options: MemberOptions) =>
      (await import('./members.ts')).endMembership(context(), person, options),
    )
  people
    .command('reset-link <person>')
    .description('print a link to choose a new password; it works once, for an hour')
    .addHelpText('after', examples('miot people reset-link ana@example.com'))
    .action(async (person: string) => (await import('./people.ts')).resetLink(context(), person))
  people
    .command('disable <person>')
    .description('stop an account: it is signed out now, and cannot sign in; asks on a terminal')
    .addHelpText('after', examples('miot people disable ana@example.com'))
    .option(...YES)
    .action(async (person: string, options: ConfirmOptions) =>
      (await import('./people.ts')).disable(context(), person, options),
    )
  people
    .command('enable <person>')
    .description('let a disabled account sign in again')
    .addHelpText('after', examples('miot people enable ana@example.com'))
    .action(async (person: string) => (await import('./people.ts')).enable(context(), person))
  people
    .command('sign-out <person>')
    .description('end all sessions of an account')
    .addHelpText('after', examples('miot people sign-out ana@example.com'))
    .action(async (person: string) => (await import('./people.ts')).signOut(context(), person))
  people
    .command('remove <person>')
    .description('remove an account for good; asks on a terminal, elsewhere --yes is required')
    .addHelpText('after', examples('miot people remove ana@example.com --yes'))
    .option(...YES)
    .action(async (person: string, options: ConfirmOptions) =>
      (await import('./people.ts')).remove(context(), person, options),
    )
}
