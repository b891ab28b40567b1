/**
 * Fast validation for the servers: the schema compiled by TypeBox.
 *
 * In a file of its own because the published package omits it. There the slower walk of
 * `schema-faults.ts`, which agrees with TypeBox on every value, validates alone
 * (`scripts/plain-telemetry.ts`).
 */

import { Compile } from 'typebox/schema'
import { CHECKED_SCHEMA } from './checked-schema.ts'

/** Generated code, or an interpreter where the runtime forbids that (a strict CSP). */
const compiled = Compile(CHECKED_SCHEMA as object)

/** True only for a valid body. On false, `collectSchemaFaults` decides. */
export function passesFastCheck(body: unknown): boolean {
  return compiled.Check(body)
}
