/**
 * How much a client may hold. The admin API's schemas publish these numbers, and the rules of a
 * client check them; a higher limit adds to what every login reads or what a token carries.
 */

/** Characters; also for an organization's name. */
export const NAME_LENGTH = { min: 1, max: 200 } as const
/** Visible ASCII characters. */
export const MAX_EXTERNAL_ID_LENGTH = 200

export const MAX_TAGS = 50
export const MAX_TAG_LENGTH = 100

/** Audiences. */
export const MAX_GRANTS = 50
/** For each grant. */
export const MAX_SCOPES = 100

/** Unexpired ones. More than a rotation needs; each is another digest to compare at a login. */
export const MAX_SECRETS = 10
/** Characters of a secret's label. */
export const LABEL_LENGTH = { min: 0, max: 100 } as const
/** How long the old secrets of a rotation may stay valid: a year. */
export const MAX_OVERLAP_SECONDS = 365 * 86_400

/** More than a rotation needs. */
export const MAX_KEYS = 10

/** Address ranges. Also bounds what an access token carries for the API to check them. */
export const MAX_CIDRS = 32

/** Characters of a `jwks_uri`. */
export const MAX_JWKS_URI_LENGTH = 2048

/** How many clients one change to many may name. */
export const MAX_CHANGED_CLIENTS = 100
