/** `miot migrate`: updates the schemas of all stores before servers of this version start. */

import type { Context } from '../command/context.ts'
import { displayName } from '../config/database.ts'
import { table } from '../terminal/output.ts'
import { migrateStores } from './open-stores.ts'

export async function migrate(context: Context): Promise<void> {
  const { database } = context.config()
  const stores = await migrateStores(database)
  context.output.print({ database: displayName(database), stores }, () => [
    displayName(database),
    ...table(
      ['STORE', 'FROM', 'TO'],
      stores.map(({ store, from, to }) => [store, String(from), String(to)]),
    ),
  ])
}
