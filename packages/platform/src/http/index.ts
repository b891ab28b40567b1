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
export type { ConnectionLimits } from './connection-limits.ts'
export { refuseCodings, UnsupportedCoding } from './content-coding.ts'
export { PUBLIC_DOCUMENT } from './cors.ts'
export { beginDrain, shutDown, stopListening } from './drain.ts'
export { serveHanded } from './handed-connections.ts'
export { metricsPage } from './metrics-page.ts'
export { rangedFile } from './ranged-file.ts'
export { type RefusedRequest, refusedRequest } from './refused-request.ts'
export { isRequestId } from './request-id.ts'
export {
  type LoggedReason,
  logFailed,
  logRefused,
  logWouldBeRefused,
} from './request-log.ts'
export { MethodNotAllowed, routeGroup } from './route-group.ts'
export { createHttpServer, type HttpServerOptions } from './server.ts'
export { staticDocument, staticFile } from './static-document.ts'
export { type StaticSiteOptions, staticSite } from './static-site.ts'
export { loadTls, type TlsFiles, TlsFilesError } from './tls.ts'
