/** What the API takes on the wire: its server checks it, the SDK and `miot` keep within it. */

/** Of one report, as it is sent alone or in a batch. */
export const MAX_REPORT_BYTES = 1024 ** 2

/** Reports in a batch. */
export const MAX_BATCH_ITEMS = 1000

/** Of a batch, inflated. */
export const MAX_BATCH_BYTES = 5 * 1024 ** 2

/** Levels of arrays and objects in a body. */
export const MAX_JSON_DEPTH = 32

/** Characters of an `X-Request-Id` and of an `idempotency_key`. */
export const MAX_REQUEST_ID_LENGTH = 128

/** A regular expression: what both may be, visible ASCII. */
export const REQUEST_ID_PATTERN: string = `^[\\x21-\\x7e]{1,${MAX_REQUEST_ID_LENGTH}}$`
