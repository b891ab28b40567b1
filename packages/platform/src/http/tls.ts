/**
 * The server's certificate and key: read, checked as a pair, and read again while the server runs.
 *
 * Only files and certificates belong here; which server uses them is up to the caller.
 */

import { createPrivateKey, hash, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { readMountedFile, readMountedFileSync, UnsafePermissions } from '../files/index.ts'

/**
 * Paths of PEM files: the certificate chain, the server's own certificate first, and its private
 * key.
 */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** A certificate chain and its matching key. */
export interface TlsPair {
  readonly cert: Buffer
  readonly key: Buffer
  /** The server's own certificate, the first of the chain. */
  readonly certificate: X509Certificate
}

/** What is wrong with the two files. The message names the file and never quotes its content. */
export class TlsFilesError extends Error {
  override readonly name = 'TlsFilesError'
}

/**
 * The options of a server that serves `pair`. `setSecureContext` resets every option it is not
 * given, the minimum version too, so both callers take them from here.
 */
export function secureContextOptions({ cert, key }: TlsPair): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2' }
}

/** @throws TlsFilesError when a file cannot be read, is not valid PEM, or the two do not match. */
export function loadTls(files: TlsFiles): TlsPair {
  const content = (['certFile', 'keyFile'] as const).map((name) => {
    try {
      return readMountedFileSync(files[name])
    } catch (error) {
      throw unreadable(error)
    }
  })
  return checkPair(files, content as [Buffer, Buffer])
}

export interface WatchOptions {
  /** Called with a complete, matching pair. */
  onReload(pair: TlsPair): void
  /** The files changed and cannot be used; called once per change. The pair in use stays in use. */
  onError(error: Error): void
  readonly intervalMs?: number
}

const INTERVAL_MS = 1_000

/**
 * Reads both files every second, and passes each new pair to `onReload`.
 *
 * The content is compared, not the modification time. File-system events (`fs.watch`) follow an
 * inode, so they miss a file that is replaced by rename or through a symbolic link above it, as
 * Kubernetes does, and network file systems send none. Modification times are equal for two writes
 * in one tick and are kept by `cp -p`. Two small reads a second cost next to nothing and are always
 * right.
 *
 * @param inForce the pair that the server started with.
 * @returns a function that stops. The timer alone does not keep the process alive.
 */
export function watchTls(files: TlsFiles, inForce: TlsPair, options: WatchOptions): () => void {
  const { onReload, onError, intervalMs = INTERVAL_MS } = options
  let seen = digest([inForce.cert, inForce.key])
  let stopped = false
  let timer = later()

  async function look(): Promise<void> {
    const content = await readBoth(files)
    const found = content instanceof TlsFilesError ? content.message : digest(content)
    if (stopped) return
    timer = later()
    if (found === seen) return
    // Before the check: an unusable pair is reported once, and tried again when it has changed.
    seen = found
    try {
      if (content instanceof TlsFilesError) throw content
      onReload(checkPair(files, content))
    } catch (error) {
      onError(error as Error)
    }
  }
  function later(): NodeJS.Timeout {
    return setTimeout(look, intervalMs).unref()
  }
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

function readBoth(files: TlsFiles): Promise<[Buffer, Buffer] | TlsFilesError> {
  return Promise.all([readMountedFile(files.certFile), readMountedFile(files.keyFile)]).catch(
    unreadable,
  )
}

/**
 * Hashed separately: concatenated, `cert` + `key` and another split of the same bytes would look
 * alike.
 */
function digest(content: readonly Buffer[]): string {
  return content.map((bytes) => hash('sha256', bytes)).join()
}

/** @throws TlsFilesError */
function checkPair({ certFile, keyFile }: TlsFiles, [cert, key]: [Buffer, Buffer]): TlsPair {
  const certificate = readCertificate(cert, certFile)
  if (!certificate.checkPrivateKey(readKey(key, keyFile))) {
    throw new TlsFilesError(`${keyFile} is not the key of the first certificate in ${certFile}`)
  }
  const pair = { cert, key, certificate }
  try {
    // OpenSSL itself refuses a truncated chain or a key that is too small.
    createSecureContext(secureContextOptions(pair))
  } catch (error) {
    throw new TlsFilesError(`${certFile} cannot be served: ${(error as Error).message}`)
  }
  return pair
}

function readCertificate(pem: Buffer, path: string): X509Certificate {
  try {
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return new X509Certificate(pem)
  } catch {}
  throw new TlsFilesError(`${path} does not contain a complete PEM certificate`)
}

function readKey(pem: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // Both encrypted forms contain this word: PKCS #8 in its first line, the older format in a
    // header.
    if (pem.includes('ENCRYPTED')) {
      throw new TlsFilesError(`${path} needs a passphrase: store the key without one`)
    }
    throw new TlsFilesError(`${path} does not contain a complete PEM private key`)
  }
}

function unreadable(error: unknown): TlsFilesError {
  if (error instanceof UnsafePermissions) return new TlsFilesError(error.message)
  const { code, path } = error as NodeJS.ErrnoException
  return new TlsFilesError(`${path} cannot be read (${code})`)
}
