import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Refusal } from '@modulariot/oauth/protocol'
import { RefusalPageSchema } from './schemas.ts'

type Members<Reason> = Reason extends unknown ? keyof Reason : never

/** Each member that a refusal may have; a new one does not compile until it is here. */
const MEMBERS: Readonly<Record<Exclude<Members<Refusal>, 'kind'>, true>> = {
  ...{ address: true, audience: true, bound: true, claim: true, client_id: true, detail: true },
  ...{ limits: true, parameters: true, retry_after_seconds: true, rule: true, scope: true },
}

it('the detail of a refusal is documented with every member that it may have', () => {
  const { detail } = RefusalPageSchema.properties.refusals.items.properties
  assert.deepEqual(Object.keys(detail.properties).sort(), Object.keys(MEMBERS).sort())
})
