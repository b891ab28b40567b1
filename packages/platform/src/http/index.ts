/** HTTP plumbing both applications share. */

export { addressBlock } from './address-block.ts'
export { rangesCover } from './address-coverage.ts'
export { addressInList, parseAddressRange } from './address-list.ts'
export type { Application, UnroutedRefusal } from './application.ts'
export {
  ArrivingBodies,
  type ArrivingBodiesOptions,
  followLarge,
  MAX_ARRIVING_BYTES,
  SMALL_BODY_BYTES,
} from './arriving-bodies.ts'
export { clientAddress, normalizeAddress } from './client-address.ts'
export { CONNECTION_LIMITS, type ConnectionLimits } from './connection-limits.ts'
export { shutDown } from './drain.ts'
export {
  memberValue,
  splitJsonArray,
  splitJsonObject,
  splitNdjson,
  trimJson,
} from './json-array.ts'
export {
  decodeUtf8,
  JsonBodyError,
  MAX_JSON_DEPTH,
  parseUniqueJson,
  type ValueBudget,
} from './json-body.ts'
export { metricsPage } from './metrics-page.ts'
export { countLines, linesOf } from './ndjson-lines.ts'
export { isRequestId } from './request-id.ts'
export { MethodNotAllowed, routeGroup } from './route-group.ts'
export { createHttpServer, type HttpServerOptions } from './server.ts'
export { staticDocument } from './static-document.ts'
export { loadTls, type TlsFiles, TlsFilesError } from './tls.ts'
