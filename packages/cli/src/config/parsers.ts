/**
 * Parsers for the text of one setting, independent of its name and of other settings.
 *
 * Each throws an Error whose message continues the setting's name and never repeats a possible
 * secret.
 */

import { isIP, isIPv4 } from 'node:net'
import { resolve } from 'node:path'
import { ENCRYPTION_KEY_BYTES } from '@modulariot/auth/values'
import { parseAddressRange } from '@modulariot/platform/net'

/** @throws Error when the text is not 32 bytes in base64url or hex. */
export function parseEncryptionKey(text: string): Uint8Array {
  const hex = /^[0-9a-fA-F]{64}$/.test(text)
  const key = Buffer.from(text, hex ? 'hex' : 'base64url')
  if (!hex && !/^[A-Za-z0-9_-]{43}$/.test(text)) {
    throw new Error(
      `must be ${ENCRYPTION_KEY_BYTES} bytes in base64url (43 characters) or hex (64)`,
    )
  }
  return new Uint8Array(key)
}

export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) {
    const link = /^(tcp|udp|sctp):/.test(text)
      ? ', and is a service link of Kubernetes: set enableServiceLinks to false in the pod'
      : ''
    throw new Error(`must be a port number from 1 to 65535${link}`)
  }
  return port
}

export function parseMetricsPort(text: string): number | null {
  return text === '0' ? null : parsePort(text)
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : -1
    if (number < min || number > max) {
      throw new Error(`must be a whole number from ${min} to ${max}`)
    }
    return number
  }
}

/** 0 to `max`; 0 becomes null. */
export function wholeNumberOrNone(max: number): (text: string) => number | null {
  const parse = wholeNumber(0, max)
  return (text) => parse(text) || null
}

export function parseDrainSeconds(text: string): number {
  const seconds = /^\d{1,2}(\.\d{1,3})?$/.test(text) ? Number(text) : 21
  if (seconds > 20) throw new Error('must be a number of seconds from 0 to 20')
  return seconds
}

/** Addresses and CIDR ranges, separated by commas. */
export function parseAddressRanges(text: string): readonly string[] {
  const ranges = text.split(',').map((item) => item.trim())
  const bad = ranges.find((range) => parseAddressRange(range) === null)
  if (bad !== undefined) {
    throw new Error(
      `must list addresses or CIDR ranges, separated by commas: ${JSON.stringify(bad)} is neither`,
    )
  }
  return ranges
}

export function parseHost(text: string): string {
  if (text !== 'localhost' && isIP(text) === 0) {
    throw new Error('must be an IP address or localhost')
  }
  return text
}

/** @param host an address or `localhost`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

/** An absolute path; relative paths are resolved against the working directory. */
export function parseDirectory(text: string): string {
  return resolve(text)
}

/** PEM text usually means that `X_FILE` names the PEM file itself; say that instead of ENOENT. */
export function parsePemPath(text: string): string {
  if (text.includes('-----BEGIN')) {
    throw new Error('must be the path of a PEM file, not its contents; set it without _FILE')
  }
  return resolve(text)
}

/** A name without a slash would be looked for in the folders of the environment. */
export function parseRsaLibrary(text: string): string {
  if (text === 'auto' || text === 'off') return text
  if (!text.includes('/')) throw new Error('must be auto, off or the path of libcrypto_mb.so.13')
  return resolve(text)
}

export function parseIssuer(text: string): string {
  const url = new URL(parseAbsoluteUrl(text))
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new Error('must be a URL of scheme, host and port only')
  }
  const loopback = isLoopback(url.hostname.replace(/^\[|\]$/g, ''))
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new Error('must be an https URL (http only on loopback)')
  }
  return url.origin
}

export function parseAbsoluteUrl(text: string): string {
  if (!URL.canParse(text) || /[\s'"\\]/.test(text)) throw new Error('must be an absolute URL')
  return text
}

export function oneOf<Word extends string>(...words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((name) => name === text)
    if (word === undefined) throw new Error(`must be one of ${words.join(', ')}`)
    return word
  }
}

export function anyText(text: string): string {
  return text
}
