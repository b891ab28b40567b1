/** How long what belongs to a person lasts. */

/** Without a request. */
export const SESSION_IDLE_SECONDS = 12 * 3600
/** Whatever happens. */
export const SESSION_SECONDS = 7 * 86_400
/** A session that was used is extended this long after it was extended last. */
export const SESSION_EXTENDED_EVERY_SECONDS = 3600
/** Between the password and the second factor; better-auth's own. */
export const CHALLENGE_SECONDS = 600

export const RESET_LINK_SECONDS = 3600
export const VERIFICATION_LINK_SECONDS = 86_400
