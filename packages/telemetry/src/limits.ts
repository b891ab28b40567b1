/** What the API takes on the wire: its server checks it, the SDK and `miot` keep within it. */

/** Of one report, as it is sent alone or in a batch. */
export const MAX_REPORT_BYTES = 1024 ** 2

/** Reports in a batch. */
export const MAX_BATCH_ITEMS = 1000

/** Of a batch, inflated. */
export const MAX_BATCH_BYTES = 5 * 1024 ** 2

/** Levels of arrays and objects in a body. */
export const MAX_JSON_DEPTH = 32

/** A regular expression: what an `X-Request-Id` and an `idempotency_key` may be, visible ASCII. */
export const REQUEST_ID_PATTERN = '^[\\x21-\\x7e]{1,128}$'
