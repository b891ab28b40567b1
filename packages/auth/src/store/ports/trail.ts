/** The port for the audit trail. */

import type { Environment } from '@modulariot/oauth/protocol'
import type { AuditDraft, AuditRow } from '../../records/audit-entry.ts'

export interface AuditQuery {
  readonly org_id?: string | undefined
  /** Null: of no environment, such as changes to the organization itself. */
  readonly environment?: Environment | null | undefined
  readonly target_id?: string | undefined
  readonly action?: string | undefined
  /** Rows with a smaller `seq`; null starts with the newest. */
  readonly before: number | null
  readonly limit: number
}

/** The oldest rows of the trail, to be replaced by a checkpoint. */
export interface AuditCut {
  readonly last: Pick<AuditRow, 'seq' | 'hash'>
  /** A signed checkpoint of `last`. */
  readonly checkpoint: string
  /** Names the key that signed it. */
  readonly kid: string
  readonly audit: AuditDraft
}

export interface TrailReader {
  /** Newest first. */
  listAudit(query: AuditQuery): Promise<AuditRow[]>
  /**
   * In order of `seq`, starting after `after`; null: from the first row, even one whose `seq` is
   * below 1.
   */
  readAudit(page: { after: number | null; limit: number }): Promise<AuditRow[]>
  /** The signed checkpoint of the last row that was cut; null: nothing was cut yet. */
  readAuditBase(): Promise<string | null>
}

export interface TrailStore extends TrailReader {
  /** Records a change to something that another store keeps. Notifies no listener. */
  recordAudit(audit: AuditDraft): Promise<void>
  /**
   * Removes the rows up to `last`, keeps the checkpoint in their place and appends the entry that
   * records the cut. False, and no change, when there is no such row, since
   * another instance has cut it, or when the key that signed it is a former one by now.
   * Notifies no listener.
   */
  cutAudit(cut: AuditCut): Promise<boolean>
}
