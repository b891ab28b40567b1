/**
 * The certificate and key of the server: read, checked as a pair, and read again for as long as it
 * runs.
 *
 * Only files and certificates live here; which server they serve is the caller's matter.
 */

import { createPrivateKey, hash, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { readMountedFile, readMountedFileSync, UnsafePermissions } from '../files/index.ts'

/** Paths of PEM files: the certificate chain, the server's own first, and its private key. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** A certificate chain and the key that fits it. */
export interface TlsPair {
  readonly cert: Buffer
  readonly key: Buffer
  /** The server's own certificate, the first of the chain. */
  readonly certificate: X509Certificate
}

/** What is wrong with the two files; the message names the file and never repeats its content. */
export class TlsFilesError extends Error {
  override readonly name = 'TlsFilesError'
}

/**
 * The options of a server that serves `pair`. `setSecureContext` forgets what it is not told again,
 * the floor too, so both places take them from here.
 */
export function secureContextOptions({ cert, key }: TlsPair): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2' }
}

/**
 * @throws TlsFilesError when a file cannot be read, is not what it should be, or the two do not
 *   fit.
 */
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
  /** A new pair, whole and fitting. */
  onReload(pair: TlsPair): void
  /** The files changed and cannot be used; told once a change. What was in force stays in force. */
  onError(error: Error): void
  readonly intervalMs?: number
}

const INTERVAL_MS = 1_000

/**
 * Looks at both files every second, and hands over each new pair.
 *
 * It compares what the files hold, not when they were changed. Events of the file system
 * (`fs.watch`) follow an inode, so they lose a file that is replaced by rename or by swapping a
 * symbolic link above it, as Kubernetes does, and network file systems send none. Modification
 * times are equal for two writes in one tick and are kept by `cp -p`. Two small reads a second cost
 * nothing and know for certain.
 *
 * @param inForce the pair that the server started with.
 * @returns how to stop. The timer alone does not keep the process alive.
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
    // Before the check: a pair that cannot be used is told once, and tried again when it has
    // changed.
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

/** One after the other would let `cert` + `key` and another split of the same bytes look alike. */
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
    // What OpenSSL itself refuses: a chain cut short, a key too small.
    createSecureContext(secureContextOptions(pair))
  } catch (error) {
    throw new TlsFilesError(`${certFile} cannot be served: ${(error as Error).message}`)
  }
  return pair
}

function readCertificate(pem: Buffer, path: string): X509Certificate {
  try {
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return new X509Certificate(pem)
  } catch {
    // Said below.
  }
  throw new TlsFilesError(`${path} does not contain a complete PEM certificate`)
}

function readKey(pem: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // Both encrypted forms say so in clear: PKCS #8 in its first line, the older one in a header.
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
