/**
 * Numbers, names and errors of ModularIoT Auth for settings and messages. Loads no dependency, so
 * that a command starts quickly.
 */

export { adminAudience, feedAudience } from './admin/scopes.ts'
export { AdminError, type AdminErrorCode } from './errors/admin-error.ts'
export { SealBroken } from './errors/seal-broken.ts'
export { ENCRYPTION_KEY_BYTES } from './keys/encryption-key.ts'
export {
  DEFAULT_JWKS_MAX_AGE_SECONDS,
  DEFAULT_KEY_ROTATION_DAYS,
  type KeyPolicy,
  keyPolicy,
} from './keys/key-life.ts'
export type { MailSettings } from './people/mail.ts'
export { ROLES, type Role } from './records/member.ts'
