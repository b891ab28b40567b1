/** `miot migrate`: every store to the newest version, before the servers of that version start. */

import { nameOf } from '../config/database.ts'
import type { Context } from '../context.ts'
import { table } from '../output.ts'
import { migrateStores } from '../stores.ts'

export async function migrateCommand(context: Context): Promise<void> {
  const config = context.config()
  const migrated = await migrateStores(config)
  const stores = migrated.map(({ store, database, from, to }) => ({
    store,
    database: nameOf(database),
    from,
    to,
  }))
  context.output.print({ stores }, () =>
    table(
      ['STORE', 'WHERE', 'FROM', 'TO'],
      stores.map(({ store, database, from, to }) => [store, database, String(from), String(to)]),
    ),
  )
}
