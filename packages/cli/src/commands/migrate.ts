/** `miot migrate`: every store to the newest version, before the servers of that version start. */

import { nameOf } from '../config/database.ts'
import type { Context } from '../context.ts'
import { table } from '../output.ts'
import { migrateStores } from '../stores.ts'

export async function migrateCommand(context: Context): Promise<void> {
  const { database } = context.config()
  const stores = await migrateStores(database)
  context.output.print({ database: nameOf(database), stores }, () => [
    nameOf(database),
    ...table(
      ['STORE', 'FROM', 'TO'],
      stores.map(({ store, from, to }) => [store, String(from), String(to)]),
    ),
  ])
}
