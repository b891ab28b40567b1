/** A certificate and its key in files, for a server with TLS. */

import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issuedByAuthority, selfSigned } from '../../packages/platform/src/testing/self-signed.ts'

/** Disposing of it removes its folder. */
export interface TlsFiles extends Disposable {
  readonly folder: string
  /** PEM, for a client that verifies it. */
  readonly cert: string
  /** The paths of both files, for `startServer`. */
  readonly settings: { readonly MIOT_TLS_CERT: string; readonly MIOT_TLS_KEY: string }
}

/** A self-signed certificate. @param commonName distinguishes certificates. */
export function writeTlsFiles(commonName: string): TlsFiles {
  const { cert, key } = selfSigned(commonName)
  return write(cert, key, cert)
}

/** A certificate of an authority, which is what the client verifies. */
export function writeIssuedTlsFiles(): TlsFiles {
  const { cert, key, authority } = issuedByAuthority()
  return write(cert, key, authority)
}

function write(cert: string, key: string, trusted: string): TlsFiles {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'miot-tls-'))
  const settings = {
    MIOT_TLS_CERT: join(folder.path, 'tls.crt'),
    MIOT_TLS_KEY: join(folder.path, 'tls.key'),
  }
  writeFileSync(settings.MIOT_TLS_CERT, cert)
  writeFileSync(settings.MIOT_TLS_KEY, key)
  return { folder: folder.path, cert: trusted, settings, [Symbol.dispose]: folder.remove }
}
