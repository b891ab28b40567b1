/** The running servers in SQLite. */

import { attempt } from '@modulariot/platform/storage'
import type { InstanceStore } from '../ports/instances.ts'
import { instanceOf } from '../rows.ts'
import type { Sqlite } from './connection.ts'

export function instanceStore({ sql }: Sqlite): InstanceStore {
  return {
    announceInstance: ({ instance_id, name, key_ids, until }) =>
      attempt(() => {
        const text = JSON.stringify(key_ids)
        sql(
          'INSERT OR REPLACE INTO instances (instance_id, name, key_ids, until) VALUES (?, ?, ?, ?)',
        ).run(instance_id, name, text, until)
      }),
    removeInstance: (instance_id) =>
      attempt(() => {
        sql('DELETE FROM instances WHERE instance_id = ?').run(instance_id)
      }),
    listInstances: (nowSeconds) =>
      attempt(() =>
        sql('SELECT * FROM instances WHERE until > ? ORDER BY instance_id')
          .all(nowSeconds)
          .map(instanceOf),
      ),
  }
}

export const SWEEP_INSTANCES = `DELETE FROM instances WHERE instance_id IN
   (SELECT instance_id FROM instances WHERE until <= ? LIMIT ?)`
