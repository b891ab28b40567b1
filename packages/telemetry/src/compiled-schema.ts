/**
 * Fast validation for the servers: the schema compiled by TypeBox.
 *
 * In a file of its own because the published package omits it. There the slower walk of
 * `schema-faults.ts`, which agrees with TypeBox on every value, validates alone
 * (`scripts/plain-telemetry.ts`).
 */

import { compileSchema } from '@modulariot/platform/schema'
import { CHECKED_SCHEMA } from './checked-schema.ts'

let compiled: ReturnType<typeof compileSchema> | null = null

/** True only for a valid body. On false, `collectSchemaFaults` decides. */
export function passesFastCheck(body: unknown): boolean {
  compiled ??= compileSchema(CHECKED_SCHEMA)
  return compiled.Check(body)
}
