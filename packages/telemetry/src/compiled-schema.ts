/**
 * A fast yes for the servers: the schema compiled by TypeBox.
 *
 * Alone in its file because the published package has it not: there the walk of `schema-faults.ts`,
 * which agrees with TypeBox on every value, decides alone (`scripts/plain-telemetry.ts`).
 */

import { Compile } from 'typebox/schema'
import { CHECKED_SCHEMA } from './checked-schema.ts'

/** Generated code where the runtime allows it, an interpreter where it does not (a strict CSP). */
const compiled = Compile(CHECKED_SCHEMA as object)

/** True only for a body that fits; false means: look closer. */
export function surelyFits(body: unknown): boolean {
  return compiled.Check(body)
}
