/** A self-signed certificate and its key in files, for a server that speaks TLS. */

import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from '../../packages/platform/src/testing/self-signed.ts'

/** Disposed of, its folder is removed. */
export interface TlsFiles extends Disposable {
  readonly folder: string
  /** PEM, for who verifies it. */
  readonly cert: string
  /** Where the two are, for `startServer`. */
  readonly settings: { readonly MIOT_TLS_CERT: string; readonly MIOT_TLS_KEY: string }
}

/** @param commonName tells one certificate from another. */
export function writeTlsFiles(commonName: string): TlsFiles {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'miot-tls-'))
  const { cert, key } = selfSigned(commonName)
  const settings = {
    MIOT_TLS_CERT: join(folder.path, 'tls.crt'),
    MIOT_TLS_KEY: join(folder.path, 'tls.key'),
  }
  writeFileSync(settings.MIOT_TLS_CERT, cert)
  writeFileSync(settings.MIOT_TLS_KEY, key)
  return { folder: folder.path, cert, settings, [Symbol.dispose]: folder.remove }
}
