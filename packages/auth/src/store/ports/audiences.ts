/** The port for audiences. */

import type { Audience } from '../../records/audience.ts'
import type { Audited } from './audited-change.ts'

export interface AudienceLookup {
  listAudiences(): Promise<Audience[]>
}

export interface AudienceStore extends AudienceLookup {
  /** False, and no change, when an audience has that name. */
  createAudience(audience: Audited<Audience>): Promise<boolean>
}
