/** The port for audiences. */

import type { Audience } from '../../records/audience.ts'
import type { Audited } from './audited-change.ts'

export interface AudienceLookup {
  listAudiences(): Promise<Audience[]>
}

export interface AudienceStore extends AudienceLookup {
  /** False, and nothing, when there is an audience of that name. */
  createAudience(audience: Audited<Audience>): Promise<boolean>
}
