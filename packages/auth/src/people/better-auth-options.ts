/**
 * better-auth as we use it: its tables under our names, its secret of our keys, and everything off
 * that we do ourselves (routes, cookies, limits, origin checks, mail) or do not want (telemetry).
 */

import { isIPv6, SocketAddress } from 'node:net'
import type { BetterAuthOptions } from 'better-auth'
import { twoFactor } from 'better-auth/plugins/two-factor'
import { createId } from '../clients/secret.ts'
import { digestKeyId } from '../keys/digest-keys.ts'
import type { AccountStatements } from '../store/ports/accounts.ts'
import { accountsDatabase } from './dialect.ts'
import type { Passwords } from './passwords.ts'
import { RESET_LINK_SECONDS, SESSION_IDLE_SECONDS, VERIFICATION_LINK_SECONDS } from './times.ts'

/** A person as better-auth passes it to our functions. */
export interface AccountPerson {
  readonly id: string
  readonly email: string
}

export interface BetterAuthDeps {
  readonly statements: AccountStatements['accounts']
  readonly passwords: Passwords
  /** The key in use first. */
  readonly secrets: readonly Uint8Array[]
  /** Whether a person must have opened the link in a message before signing in. */
  readonly requireVerification: boolean
  /** Called before a session is created. False: none is created for the person. */
  readonly maySignIn: (person_id: string) => Promise<boolean>
  /** @throws APIError when the address was verified already. */
  readonly onVerification: (person: AccountPerson) => Promise<void>
  readonly onVerificationToken: (person: AccountPerson, token: string) => Promise<void>
  readonly onResetToken: (person: AccountPerson, token: string) => Promise<void>
  readonly onPasswordReset: (person: AccountPerson) => Promise<void>
  readonly onLog: (level: string, message: string) => void
}

/** The issuer's name in the apps that show codes. */
const APP_NAME = 'ModularIoT'

/** The header that carries the address, which we determine, to better-auth. */
export const ADDRESS_HEADER = 'x-miot-address'

/** Of the cookies between us and better-auth, which no browser gets. */
export const INNER_COOKIES = { session: 'session', challenge: 'challenge' } as const

export function betterAuthOptions(deps: BetterAuthDeps): BetterAuthOptions {
  const database = accountsDatabase(deps.statements)
  return {
    appName: APP_NAME,
    // Its routes are not mounted, and it builds no link: the origin is never used.
    baseURL: 'http://localhost',
    // `sqlite`, also on PostgreSQL: dates are text and booleans numbers in both, as in our tables.
    database: { db: database as never, type: 'sqlite', transaction: false },
    secrets: deps.secrets.map(versionedSecret),
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    logger: { level: 'error', log: (level, message) => deps.onLog(level, message) },
    advanced: {
      useSecureCookies: false,
      cookies: {
        session_token: { name: INNER_COOKIES.session },
        two_factor: { name: INNER_COOKIES.challenge },
      },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER], ipv6Subnet: 128 },
      database: {
        generateId: ({ model }) => createId(ID_PREFIXES[model] ?? 'record'),
        // Our migrations decide, and a test compares them with better-auth's.
        validateSchema: false,
      },
    },
    ...MODELS,
    emailAndPassword: {
      enabled: true,
      autoSignIn: false,
      requireEmailVerification: deps.requireVerification,
      // Ours are counted in code points, before better-auth is called.
      minPasswordLength: 1,
      maxPasswordLength: 1024,
      password: deps.passwords,
      resetPasswordTokenExpiresIn: RESET_LINK_SECONDS,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: ({ user, token }) => deps.onResetToken(user, token),
      onPasswordReset: ({ user }) => deps.onPasswordReset(user),
    },
    emailVerification: {
      expiresIn: VERIFICATION_LINK_SECONDS,
      sendOnSignUp: false,
      sendOnSignIn: false,
      autoSignInAfterVerification: false,
      sendVerificationEmail: ({ user, token }) => deps.onVerificationToken(user, token),
      beforeEmailVerification: (user) => deps.onVerification(user),
    },
    databaseHooks: {
      session: {
        create: {
          before: async (session) => {
            if (!(await deps.maySignIn(session.userId))) return false
            return { data: { ipAddress: shortAddress(session.ipAddress ?? '') } }
          },
        },
      },
    },
    plugins: [twoFactor({ issuer: APP_NAME, schema: TWO_FACTOR_SCHEMA })],
  }
}

/** better-auth writes IPv6 in full; our records have the canonical form (RFC 5952). */
function shortAddress(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address
}

const ID_PREFIXES: Readonly<Record<string, string>> = {
  user: 'person',
  session: 'session',
  account: 'account',
  verification: 'verification',
  twoFactor: 'two_factor',
}

/** Versions have to be numbers, the same in every instance: they are made of the keys' ids. */
export function versionedSecret(key: Uint8Array): { version: number; value: string } {
  const version = Number.parseInt(digestKeyId(key).slice(0, 7), 16)
  return { version, value: Buffer.from(key).toString('base64url') }
}

const TIMES = { createdAt: 'created_at', updatedAt: 'updated_at' } as const

const MODELS = {
  user: {
    modelName: 'people',
    fields: { emailVerified: 'email_verified', ...TIMES },
  },
  session: {
    modelName: 'people_sessions',
    expiresIn: SESSION_IDLE_SECONDS,
    // sessions.ts extends sessions, up to their absolute end.
    disableSessionRefresh: true,
    fields: {
      ...{ userId: 'person_id', ipAddress: 'ip_address', userAgent: 'user_agent' },
      ...{ expiresAt: 'expires_at', ...TIMES },
    },
  },
  account: {
    modelName: 'people_accounts',
    fields: {
      ...{ userId: 'person_id', accountId: 'account_id', providerId: 'provider_id' },
      ...{ accessToken: 'access_token', refreshToken: 'refresh_token', idToken: 'id_token' },
      accessTokenExpiresAt: 'access_token_expires_at',
      refreshTokenExpiresAt: 'refresh_token_expires_at',
      ...TIMES,
    },
  },
  verification: {
    modelName: 'people_verifications',
    fields: { expiresAt: 'expires_at', ...TIMES },
    // A stolen database opens no account.
    storeIdentifier: 'hashed',
  },
} as const

const TWO_FACTOR_SCHEMA = {
  user: { fields: { twoFactorEnabled: 'two_factor_enabled' } },
  twoFactor: {
    modelName: 'people_two_factors',
    fields: {
      ...{ userId: 'person_id', backupCodes: 'backup_codes' },
      failedVerificationCount: 'failed_verification_count',
      lockedUntil: 'locked_until',
    },
  },
} as const
