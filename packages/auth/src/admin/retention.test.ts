import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditEntry } from '../records/audit-entry.ts'
import { type Installation, openInstallation } from '../testing/sample-installation.ts'
import { setRetention } from './retention.ts'

/** A telemetry store reduced to the setting. */
function memory(fails = false) {
  const days = new Map<string, number>()
  return {
    findRetention: async (org_id: string) => days.get(org_id) ?? null,
    async setRetention(org_id: string, value: number | null) {
      if (fails) throw new Error('the disk is full')
      if (value === null) days.delete(org_id)
      else days.set(org_id, value)
    },
  }
}

function withInstallation(run: (installation: Installation) => Promise<void>) {
  return async () => {
    const installation = await openInstallation()
    try {
      await run(installation)
    } finally {
      await installation.close()
    }
  }
}

async function entries({ store }: Installation): Promise<AuditEntry[]> {
  const action = 'organization.retention_changed'
  const rows = await store.listAudit({ before: null, limit: 10, action })
  return rows.map(({ entry }) => JSON.parse(entry) as AuditEntry).reverse()
}

describe('setRetention', () => {
  it(
    'records in the trail who changed it, from what and to what',
    withInstallation(async (installation) => {
      const { operator, acme } = installation
      const telemetry = memory()
      await setRetention(acme.org_id, 30, telemetry, operator)
      await setRetention(acme.org_id, null, telemetry, operator)
      const recorded = (await entries(installation)).map(
        ({ actor, target, org_id, before, after }) => {
          return { actor, target, org_id, before, after }
        },
      )
      const whose = {
        actor: { kind: 'system' },
        target: { type: 'organization', id: acme.org_id },
        org_id: acme.org_id,
      }
      assert.deepEqual(recorded, [
        { ...whose, before: { retention_days: null }, after: { retention_days: 30 } },
        { ...whose, before: { retention_days: 30 }, after: { retention_days: null } },
      ])
    }),
  )

  it(
    'records nothing when nothing changes, nor for an unknown organization',
    withInstallation(async (installation) => {
      const { operator, acme } = installation
      await setRetention(acme.org_id, null, memory(), operator)
      await assert.rejects(setRetention('org_unknown', 3, memory(), operator), {
        code: 'not_found',
      })
      assert.deepEqual(await entries(installation), [])
    }),
  )

  it(
    'is in the trail before the change happens',
    withInstallation(async (installation) => {
      const { operator, acme } = installation
      await assert.rejects(setRetention(acme.org_id, 30, memory(true), operator), /disk is full/)
      assert.equal((await entries(installation)).length, 1)
    }),
  )
})
