/** The accounts of persons, assembled: all their parts, in one place. */

import type { Metrics } from '@modulariot/platform/metrics'
import type { Peers } from '@modulariot/platform/peers'
import type { EncryptionKeys } from '../keys/encryption-keys.ts'
import type { InstallationKeys } from '../keys/sealing.ts'
import { createAccounts } from './accounts.ts'
import type { PeopleDeps, PeopleStore, SignUpMode } from './deps.ts'
import { createMailer, type MailQueue, type MailSettings } from './mail.ts'
import { PeopleLimits } from './people-limits.ts'
import { createPeopleMetrics, type PeopleMetrics } from './people-metrics.ts'
import type { CookieKeys } from './session-cookie.ts'
import { PersonSessions } from './sessions.ts'
import { setupCode } from './setup-code.ts'
import { signUpState } from './sign-up.ts'

/** How persons get accounts. */
export interface AccountOptions {
  readonly signUp: SignUpMode
  /** Whether the first account needs the setup code. */
  readonly setupCodeRequired: boolean
  /** Null: no messages are sent. */
  readonly mail: MailSettings | null
}

export interface PeopleParts {
  readonly people: PeopleDeps
  readonly sessions: PersonSessions
  readonly mailer: MailQueue | null
  readonly cookieKeys: () => CookieKeys
  readonly secure: boolean
  readonly metrics: PeopleMetrics
  /** What the first account has to enter; null: nothing, or there is an account. */
  setupCode(): Promise<string | null>
  close(): Promise<void>
}

interface Surroundings {
  readonly store: PeopleStore
  readonly issuer: string
  readonly encryptionKeys: EncryptionKeys
  readonly metrics: Metrics
  readonly peers: Peers
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

export function createPeople(
  { signUp, setupCodeRequired, mail }: AccountOptions,
  { store, issuer, encryptionKeys, metrics: published, peers, now, onError }: Surroundings,
): PeopleParts {
  const metrics = createPeopleMetrics(published)
  const secure = issuer.startsWith('https:')
  const keysFor = (purpose: keyof InstallationKeys) => () => ({
    inUse: encryptionKeys.keysInUse[purpose],
    other: encryptionKeys.otherKeys?.[purpose] ?? null,
  })
  const cookieKeys = keysFor('sessionCookie')
  const sessions = new PersonSessions({ store, cookieKeys, secure, now })
  const mailer =
    mail === null ? null : createMailer({ settings: mail, onError, onSent: metrics.mailed })
  const accounts = createAccounts({
    store,
    keys: keysFor('accounts'),
    requireVerification: mail !== null,
    peers,
    onLog: (level, message) => onError(new Error(`better-auth, ${level}: ${message}`)),
  })
  const setupKeys = (): readonly Uint8Array[] => {
    const { inUse, other } = keysFor('setupCode')()
    return other === null ? [inUse] : [inUse, other]
  }
  const people: PeopleDeps = {
    ...{ store, accounts, sessions, mailer, issuer, signUp, now },
    limits: new PeopleLimits({ now, peers }),
    setupKeys: setupCodeRequired ? setupKeys : null,
  }
  return {
    ...{ people, sessions, mailer, cookieKeys, secure, metrics },
    async setupCode() {
      const { setup_code_required } = await signUpState(people)
      return setup_code_required ? setupCode(encryptionKeys.keysInUse.setupCode) : null
    },
    close: async () => mailer?.close(),
  }
}
