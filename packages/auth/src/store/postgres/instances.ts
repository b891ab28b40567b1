/** The running servers in PostgreSQL. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { InstanceStore } from '../ports/instances.ts'
import { instanceOf } from '../rows.ts'
import type { Change } from './change-unit.ts'

export function instanceStore(postgres: Postgres, change: Change): InstanceStore {
  return {
    // In the turn of the changes, so that a change of the keys sees it, or it sees the change.
    announceInstance: ({ instance_id, name, key_ids, until }) =>
      change(async ({ query }) => {
        await query(
          `INSERT INTO auth.instances (instance_id, name, key_ids, until) VALUES ($1, $2, $3, $4)
         ON CONFLICT (instance_id) DO UPDATE SET
           name = excluded.name, key_ids = excluded.key_ids, until = excluded.until`,
          [instance_id, name, JSON.stringify(key_ids), until],
        )
      }),
    removeInstance: async (instance_id) => {
      await postgres.query('DELETE FROM auth.instances WHERE instance_id = $1', [instance_id])
    },
    listInstances: async (nowSeconds) => {
      const { rows } = await postgres.query(
        `SELECT instance_id, name, key_ids::text AS key_ids, until FROM auth.instances
         WHERE until > $1 ORDER BY instance_id`,
        [nowSeconds],
      )
      return rows.map(instanceOf)
    },
  }
}

export const SWEEP_INSTANCES = `DELETE FROM auth.instances WHERE ctid IN (
   SELECT ctid FROM auth.instances
   WHERE until <= least($1::bigint, extract(epoch FROM now())::bigint) ORDER BY until LIMIT $2
   FOR UPDATE SKIP LOCKED)`
