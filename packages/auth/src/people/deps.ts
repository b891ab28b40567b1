/** What the use cases of persons need. */

import type { AccountStatements } from '../store/ports/accounts.ts'
import type { MemberStore } from '../store/ports/members.ts'
import type { OrganizationStore } from '../store/ports/organizations.ts'
import type { TrailStore } from '../store/ports/trail.ts'
import type { Accounts } from './accounts.ts'
import type { Origin } from './better-auth-engine.ts'
import type { MailQueue } from './mail.ts'
import type { PeopleLimits } from './people-limits.ts'
import type { PersonSessions } from './sessions.ts'

export type PeopleStore = AccountStatements &
  MemberStore &
  OrganizationStore &
  Pick<TrailStore, 'recordAudit'>

/** Who may create an account. */
export type SignUpMode = 'first' | 'invite' | 'open'

export interface PeopleDeps {
  readonly store: PeopleStore
  readonly accounts: Accounts
  readonly sessions: PersonSessions
  readonly limits: PeopleLimits
  /** Null: no messages are sent. */
  readonly mailer: MailQueue | null
  readonly issuer: string
  readonly signUp: SignUpMode
  /** The keys of setup codes that are accepted; null: the first account needs none. */
  readonly setupKeys: (() => readonly Uint8Array[]) | null
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Where a request comes from. */
export interface Caller extends Origin {
  readonly request_id: string
}
