/** HTTP plumbing both applications share. */

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
export { refuseCodings, UnsupportedCoding } from './content-coding.ts'
export { PUBLIC_DOCUMENT } from './cors.ts'
export { shutDown } from './drain.ts'
export { metricsPage } from './metrics-page.ts'
export { isRequestId } from './request-id.ts'
export { MethodNotAllowed, routeGroup } from './route-group.ts'
export { createHttpServer, type HttpServerOptions } from './server.ts'
export { staticDocument, staticFile } from './static-document.ts'
export { loadTls, type TlsFiles, TlsFilesError } from './tls.ts'
