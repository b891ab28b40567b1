/** What a restore undid, and the commands that make the installation safe again. */

import type { Config } from '../config/parse-config.ts'
import { utc } from '../terminal/times.ts'
import type { Manifest } from './manifest.ts'

/** Lines for the operator: the state is that of the backup's time, and clients are not. */
export function adviceAfter({ created_at, trail, issuer }: Manifest, config: Config): string[] {
  const since = trail === null ? '' : ` (audit trail after row ${trail.seq})`
  return [
    `Changes after ${utc(created_at)} are undone${since}. Before you start the server:`,
    '1. miot keys rotate --now',
    '   Revocations since the backup are undone, so revoked tokens are valid again. Rotating refuses',
    '   every token issued so far; clients log in again on their own.',
    '2. For each client that was disabled since: miot clients disable CLIENT',
    '3. For each secret that was revoked or rotated since: miot secrets revoke CLIENT SECRET',
    '   Secrets that were created since are unknown: miot secrets add CLIENT',
    '4. Compare the trail with checkpoints kept elsewhere: miot audit list, miot audit verify',
    '   Checkpoints of later rows show the changes that are missing; keep them with a note.',
    ...(issuer === config.issuer
      ? []
      : [
          `NOTE: the backup is of the issuer ${issuer}, and this one is ${config.issuer}: its tokens are refused here.`,
        ]),
  ]
}
