/** Splits and parses JSON text within limits, without HTTP. */

export {
  memberValue,
  splitJsonArray,
  splitJsonObject,
  splitNdjson,
  trimJson,
} from './json-array.ts'
export { decodeUtf8 } from './json-body.ts'
export { countLines, linesOf } from './ndjson-lines.ts'
export {
  JsonBodyError,
  MAX_JSON_DEPTH,
  parseUniqueJson,
  type ValueBudget,
  withoutBom,
} from './unique-json.ts'
