/** The port for audiences. */

import type { Audience } from '../../records/audience.ts'
import type { Audited } from './audited-change.ts'

export interface AudienceLookup {
  listAudiences(): Promise<Audience[]>
}

export interface AudienceStore extends AudienceLookup {
  /** False, and no change, when an audience has that name. */
  createAudience(audience: Audited<Audience>): Promise<boolean>
  /**
   * Replaces an audience by what `update` returns, and announces every client that is granted it:
   * caches hold the audience's settings with the client. Null, and no change, when there is none.
   *
   * @param update synchronous and pure; what it throws comes out unchanged, with nothing written.
   */
  updateAudience(
    audience: string,
    update: (current: Audience) => Audited<Audience>,
  ): Promise<Audience | null>
}
