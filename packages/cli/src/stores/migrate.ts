/** `miot migrate`: updates the schemas of all stores before servers of this version start. */

import type { Context } from '../command/context.ts'
import { displayName } from '../config/database.ts'
import { assertNoUnfinishedRestore } from '../files/unfinished-restore.ts'
import { migrateStores } from './open-stores.ts'

export async function migrate(context: Context): Promise<void> {
  const config = context.config()
  const { database } = config
  assertNoUnfinishedRestore(config)
  const stores = await migrateStores(database)
  context.output.print({ database: displayName(database), stores }, () => [
    displayName(database),
    ...context.output.table(
      ['STORE', 'FROM', 'TO'],
      stores.map(({ store, from, to }) => [store, String(from), String(to)]),
    ),
  ])
}
