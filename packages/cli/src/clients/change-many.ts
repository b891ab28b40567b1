/**
 * `miot clients tag`, and `disable` and `enable` of many: the same change to each, judged alone.
 */

import type { ChangeResult, ManyChange } from '@modulariot/auth'
import type { Admin } from '../administration/port.ts'
import { withAdmin } from '../administration/with-admin.ts'
import { type ConfirmOptions, confirmation } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { createProgress } from '../terminal/progress.ts'
import {
  assertOneWay,
  type Choice,
  type Chosen,
  chooseClients,
  usedLately,
} from './choose-clients.ts'

export interface TagOptions extends Choice {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
}

/** @param names here and below: as a command line names clients, see `withClient`. */
export async function tagClients(
  context: Context,
  names: readonly string[],
  { add, remove, ...choice }: TagOptions,
): Promise<void> {
  if (add === undefined && remove === undefined) {
    throw new CliError('usage', 'Nothing to change: add --add TAG or --remove TAG')
  }
  assertOneWay(names, choice)
  await withAdmin(context, async (admin) => {
    const clients = await chooseClients(admin, names, choice)
    const runs: Run[] = []
    if (add !== undefined)
      runs.push(await change({ action: 'add_tags', tags: add }, clients, admin))
    if (remove !== undefined) {
      runs.push(await change({ action: 'remove_tags', tags: remove }, clients, admin))
    }
    report(context, runs, clients)
  })
}

export async function setStatusOfMany(
  context: Context,
  names: readonly string[],
  action: 'disable' | 'enable',
  { yes, ...choice }: Choice & ConfirmOptions,
): Promise<void> {
  const confirm = confirmation({ yes: action === 'disable' ? yes : true }, 'proceeds')
  assertOneWay(names, choice)
  await withAdmin(context, async (admin) => {
    const clients = await chooseClients(admin, names, choice)
    await confirm(async () => whatStops(clients))
    report(context, [await change({ action }, clients, admin)], clients)
  })
}

function whatStops(clients: readonly Chosen[]): string[] {
  const live = clients.filter(({ environment }) => environment === 'production').length
  return [
    `This disables ${clients.length} clients, ${live} of them in production.`,
    'Their tokens stop working now, and they get no new ones until they are enabled.',
    ...usedLately(clients),
  ]
}

interface Run {
  readonly action: ManyChange['action']
  readonly results: readonly ChangeResult[]
}

async function change(
  manyChange: ManyChange,
  clients: readonly Chosen[],
  admin: Admin,
): Promise<Run> {
  const ids = clients.map(({ client_id }) => client_id)
  const progress = createProgress(process.stderr, false)
  const results: ChangeResult[] = []
  try {
    for await (const result of admin.changeClients(ids, manyChange)) {
      results.push(result)
      progress.show(results.length / ids.length, `${results.length} of ${ids.length} clients`)
    }
  } finally {
    progress.clear()
  }
  return { action: manyChange.action, results }
}

const DONE: Readonly<Record<ManyChange['action'], string>> = {
  add_tags: 'Tagged',
  remove_tags: 'Untagged',
  disable: 'Disabled',
  enable: 'Enabled',
  rotate: 'Rotated',
}

/** @throws CliError `failure` when a client was refused, or not reached. */
function report(context: Context, runs: readonly Run[], clients: readonly Chosen[]): void {
  const counted = runs.map(({ action, results }) => {
    const count = (status: ChangeResult['status']) =>
      results.filter((one) => one.status === status).length
    const [changed, unchanged] = [count('changed'), count('unchanged')]
    const faults = results.filter(({ error }) => error !== undefined)
    return { action, changed, unchanged, left: clients.length - changed - unchanged, faults }
  })
  const names = new Map(clients.map(({ client_id, name }) => [client_id, name]))
  context.output.print({ changes: counted }, () =>
    counted.flatMap(({ action, changed, unchanged, left, faults }) => [
      `${DONE[action]} ${changed} of ${clients.length} clients; ${unchanged} were so already, ${left} were not changed.`,
      ...(faults.length === 0
        ? []
        : context.output.table(
            ['NAME', 'WHY', 'CLIENT ID'],
            faults.map(({ client_id, error }) => [
              names.get(client_id) ?? '',
              error?.message ?? '',
              client_id,
            ]),
          )),
    ]),
  )
  const left = counted.reduce((sum, one) => sum + one.left, 0)
  if (left > 0) throw new CliError('failure', `${left} changes were not made; see above`)
}
