/** `miot migrate`: every store to the newest version, before the servers of that version start. */

import type { Context } from '../command/context.ts'
import { nameOf } from '../config/database.ts'
import { table } from '../terminal/output.ts'
import { migrateStores } from './open-stores.ts'

export async function migrate(context: Context): Promise<void> {
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
