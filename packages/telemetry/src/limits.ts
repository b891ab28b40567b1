/** Limits of the API's requests. The server enforces them; the SDK and `miot` stay within them. */

/** Maximum size of one report, sent alone or in a batch. */
export const MAX_REPORT_BYTES = 1024 ** 2

/** Maximum number of reports in a batch. */
export const MAX_BATCH_ITEMS = 1000

/** Maximum size of a batch after decompression. */
export const MAX_BATCH_BYTES = 5 * 1024 ** 2

/** Maximum nesting of arrays and objects in a body. */
export const MAX_JSON_DEPTH = 32

/** Maximum characters of an `X-Request-Id` or an `idempotency_key`. */
export const MAX_REQUEST_ID_LENGTH = 128

/** Regular expression for both: visible ASCII. */
export const REQUEST_ID_PATTERN: string = `^[\\x21-\\x7e]{1,${MAX_REQUEST_ID_LENGTH}}$`
