/** Secrets and keys from files and the environment, read at each use so that they may rotate. */

import { readFile, stat } from 'node:fs/promises'
import type { JWK } from 'jose'
import { type ClientKey, ConfigError, settingText } from '../client/index.ts'
import type { SigningAlgorithm } from '../protocol/index.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** A secret is one line; a longer file is the wrong file. */
const MAX_FILE_BYTES = 64 * 1024

/** Reads the file on each call, as `settingText` does: without line breaks at the end. */
export function secretFromFile(path: string): () => Promise<string> {
  return async () => settingText(await readText('client_secret', path))
}

/** Reads the variable, or the file that `NAME_FILE` names, on each call. */
export function secretFromEnv(
  name: string,
  environment: Environment = process.env,
): () => Promise<string> {
  return async () => {
    const { value, path } = lookUp(name, environment)
    return path === undefined ? (value ?? '') : secretFromFile(path)()
  }
}

/**
 * Turns `file:PATH` and `env:NAME` into functions that read them; any other text is the secret
 * itself.
 */
export function resolveSecret(secret: string): string | (() => Promise<string>) {
  if (secret.startsWith('file:')) {
    return secretFromFile(secret.replace(/^file:(?:\/\/(?=\/))?/, ''))
  }
  return secret.startsWith('env:') ? secretFromEnv(secret.slice('env:'.length)) : secret
}

/** Reads a private key from PEM (PKCS #8) or a JWK, on each call. */
export function clientKeyFromFile(
  path: string,
  { alg, kid }: { readonly alg: SigningAlgorithm; readonly kid?: string },
): () => Promise<ClientKey> {
  return async () => {
    const text = (await readText('client_key', path)).trim()
    const more = kid === undefined ? { alg } : { alg, kid }
    const { importPKCS8 } = await import('jose/key/import')
    try {
      if (text.startsWith('{')) return { key: JSON.parse(text) as JWK, ...more }
      return { key: await importPKCS8(text, alg), ...more }
    } catch {
      // A parser's message quotes what it read.
      throw new ConfigError(`client_key: ${path} holds neither a PKCS #8 PEM nor a JWK for ${alg}`)
    }
  }
}

/**
 * `NAME` or `NAME_FILE`, whichever is set; the empty text counts as not set.
 *
 * @throws ConfigError when both are set.
 */
export function lookUp(
  name: string,
  environment: Environment,
): { readonly value?: string; readonly path?: string } {
  const value = environment[name]
  const path = environment[`${name}_FILE`]
  if (value && path) throw new ConfigError(`${name} and ${name}_FILE are both set: keep one`)
  return path ? { path } : value ? { value } : {}
}

async function readText(what: string, path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size <= MAX_FILE_BYTES) return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed'
    throw new ConfigError(`${what}: ${path} cannot be read (${code})`)
  }
  throw new ConfigError(`${what}: ${path} is longer than ${MAX_FILE_BYTES} bytes`)
}
