/** What the admin API needs of the server. */

import type { Verifier } from '@modulariot/oauth/resource-server'
import type { Peers } from '@modulariot/platform/peers'
import type { AdminStore } from '../../admin/context.ts'
import type { HygieneCounts } from '../../admin/hygiene.ts'
import type { CheckpointSigner } from '../../audit/checkpoint.ts'
import type { ClientDirectory } from '../../clients/directory.ts'
import type { DigestKeys } from '../../keys/digest-keys.ts'
import type { KeyPolicy } from '../../keys/key-life.ts'
import type { KeyRing } from '../../keys/key-ring.ts'
import type { Mailer } from '../../people/mailer-port.ts'
import type { PeopleLimits } from '../../people/people-limits.ts'
import type { Sessions } from '../../people/session-port.ts'
import type { TelemetryTokenDeps } from '../../people/telemetry-token.ts'

/** What this server runs. */
export interface Build {
  readonly version: string
  /** Full hash; null: not known. */
  readonly commit: string | null
}

/** How long data is kept, in days; null: without end. */
export interface Retention {
  readonly activityDays: number
  readonly trailDays: number | null
  /** Null: no API that serves telemetry runs with this server. */
  readonly telemetry: TelemetryRetention | null
}

export interface TelemetryRetention {
  /** Where an organization has no setting of its own. */
  readonly days: number | null
  /** An organization's own setting; null: none. */
  ofOrganization(org_id: string): Promise<number | null>
}

export interface AdminDeps extends TelemetryTokenDeps {
  readonly keys: Pick<KeyRing, 'sign' | 'headerOf'>
  readonly store: AdminStore
  readonly digestKeys: DigestKeys
  /** Looks up whether the administrator's client is still allowed. */
  readonly directory: ClientDirectory
  /** Of the admin API's own audience. */
  readonly verifier: Verifier
  /** Null: persons do not sign in here, and cookies are ignored. */
  readonly sessions: Sessions | null
  /** Null: links are shown instead of mailed. */
  readonly mailer: Mailer | null
  /** Null: mails are not limited. */
  readonly mailLimits: PeopleLimits | null
  readonly checkpointSigner: CheckpointSigner
  readonly keyPolicy: KeyPolicy
  readonly retention: Retention
  readonly build: Build
  readonly hygiene: HygieneCounts
  /** The other processes of this server. */
  readonly peers: Peers
}
