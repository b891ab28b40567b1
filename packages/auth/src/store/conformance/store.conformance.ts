/**
 * The conformance suite of the store port, which each adapter's test runs.
 *
 * It uses the port alone. A second handle on the same data stands for another process.
 */

import { promiseOf, type TestStore } from '@modulariot/platform/testing/store-promises'
import type { AuthStore } from '../store.ts'
import { testActivity } from './activity.ts'
import { testAssertions } from './assertions.ts'
import { testAudiences } from './audiences.ts'
import { testAuthority } from './authority.ts'
import { testChanges } from './changes.ts'
import { testNewClients, testOrganizations } from './clients.ts'
import { testDeletions } from './deletions.ts'
import { testDurability } from './durability.ts'
import { testFleet } from './fleet.ts'
import { testInvitations } from './invitations.ts'
import { testKeyChange } from './key-change.ts'
import { testSigningKeys } from './keys.ts'
import { testLists } from './lists.ts'
import { testMembers } from './members.ts'
import { testQuotas } from './quotas.ts'
import { testRevocations } from './revocations.ts'
import { testTrail } from './trail.ts'
import { testUpdates } from './updates.ts'
import { testUsage } from './usage.ts'

export function testAuthStore(name: string, open: () => Promise<TestStore<AuthStore>>): void {
  const promise = promiseOf(open)
  testOrganizations(name, promise)
  testAudiences(name, promise)
  testNewClients(name, promise)
  testFleet(name, promise)
  testLists(name, promise)
  testUpdates(name, promise)
  testDeletions(name, promise)
  testAuthority(name, promise)
  testMembers(name, promise)
  testInvitations(name, promise)
  testTrail(name, promise)
  testSigningKeys(name, promise)
  testKeyChange(name, promise)
  testAssertions(name, promise)
  testQuotas(name, promise)
  testRevocations(name, promise)
  testUsage(name, promise)
  testActivity(name, promise)
  testChanges(name, promise)
  testDurability(name, promise)
}
