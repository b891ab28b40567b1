/** `miot compact`: removes what erased telemetry has left in the files of the database. */

import { onThisMachine } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { displayName } from '../config/database.ts'
import { openTelemetryStore } from '../stores/open-stores.ts'

export async function compact(context: Context): Promise<void> {
  const { database } = context.config()
  await onThisMachine(context, async () => {
    const store = await openTelemetryStore(database)
    try {
      await store.compact()
    } finally {
      await store.close()
    }
    const name = displayName(database)
    context.output.print({ compacted: name }, () => [`Compacted the telemetry of ${name}.`])
  })
}
