/** JSON Schemas: written as data, and compiled to checks where values have to be checked. */

export type { Static, TSchema, TSchemaOptions } from 'typebox'
export { compileSchema } from './compile-schema.ts'
export { Type } from './type.ts'
