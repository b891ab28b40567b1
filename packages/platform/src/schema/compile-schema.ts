/** Compiles a JSON Schema to a function that checks values. */

import { createRequire } from 'node:module'
import type * as TypeBoxSchema from 'typebox/schema'

let typebox: typeof TypeBoxSchema | null = null

/**
 * Loads the library at the first call, which takes about 75 ms: most processes check nothing.
 *
 * Its checks are generated code, or an interpreter where the runtime forbids that (a strict CSP).
 */
export function compileSchema(schema: object): TypeBoxSchema.Validator {
  typebox ??= createRequire(import.meta.url)('typebox/schema') as typeof TypeBoxSchema
  return typebox.Compile(schema)
}
