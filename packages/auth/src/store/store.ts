/**
 * The store port: everything ModularIoT Auth stores, and nothing about how.
 *
 * Each method is one atomic unit: it happens whole or not at all, and once it resolves it survives
 * a crash. There is no `transaction(fn)`. An updater passed in is synchronous and pure, and an
 * error it throws comes out unchanged with nothing written. A change brings its audit entry, which
 * is written in the same unit.
 *
 * It is the sum of the ports in ports/. Code takes the ports it uses.
 */

import type { AccountStatements } from './ports/accounts.ts'
import type { ActivityStore } from './ports/activity.ts'
import type { AssertionStore } from './ports/assertions.ts'
import type { AudienceStore } from './ports/audiences.ts'
import type { Availability } from './ports/availability.ts'
import type { ChangeSource } from './ports/changes.ts'
import type { ClientStore } from './ports/clients.ts'
import type { ExpiryStore } from './ports/expiry.ts'
import type { IdempotentAnswers } from './ports/idempotency.ts'
import type { InstanceStore } from './ports/instances.ts'
import type { MemberStore } from './ports/members.ts'
import type { OrganizationStore } from './ports/organizations.ts'
import type { QuotaStore } from './ports/quotas.ts'
import type { RevocationFeed, RevokedTokens } from './ports/revocations.ts'
import type { SecretMoveStore } from './ports/secret-moves.ts'
import type { SigningKeyStore } from './ports/signing-keys.ts'
import type { TrailStore } from './ports/trail.ts'
import type { UsageStore } from './ports/usage.ts'

/** Every port. Without `close`, which belongs to the code that opened the store. */
export interface AuthPorts
  extends OrganizationStore,
    AudienceStore,
    ClientStore,
    AssertionStore,
    QuotaStore,
    RevokedTokens,
    RevocationFeed,
    UsageStore,
    SecretMoveStore,
    InstanceStore,
    SigningKeyStore,
    TrailStore,
    IdempotentAnswers,
    ExpiryStore,
    AccountStatements,
    ActivityStore,
    MemberStore,
    ChangeSource,
    Availability {}

export interface AuthStore extends AuthPorts {
  close(): Promise<void>
}
