/** Parsers for the settings of mail. */

import type { MailSettings } from '@modulariot/auth/values'
import { isLoopback } from './parsers.ts'

const SCHEMES = {
  'smtps:': { port: 465, tls: 'from-start' },
  'smtp:': { port: 587, tls: 'starttls' },
} as const

/** @throws Error, without repeating the text, which may hold a password. */
export function parseSmtpUrl(text: string): Omit<MailSettings, 'from'> {
  const url = URL.parse(text)
  const scheme = url === null ? undefined : SCHEMES[url.protocol as keyof typeof SCHEMES]
  if (url === null || scheme === undefined || url.hostname === '') {
    throw new Error('must be a URL such as smtps://user:password@mail.example.com')
  }
  if (url.hash !== '' || (url.pathname !== '' && url.pathname !== '/')) {
    throw new Error('must have neither a path nor a fragment; write # in a password as %23')
  }
  const parameters = [...url.searchParams]
  if (parameters.some(([name, value]) => name !== 'tls' || value !== 'off')) {
    throw new Error('has an unknown parameter; the only one is tls=off')
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const plain = scheme.tls === 'starttls' && (parameters.length > 0 || isLoopback(host))
  if (parameters.length > 0 && !plain) throw new Error('has tls=off, which smtps contradicts')
  return {
    host,
    port: url.port === '' ? scheme.port : Number(url.port),
    tls: plain ? 'none' : scheme.tls,
    auth: authOf(url),
  }
}

function authOf({ username, password }: URL): MailSettings['auth'] {
  if (username === '' && password === '') return null
  try {
    return { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  } catch {
    throw new Error('has a user or a password with a % that does not escape a character')
  }
}

/** An address, with or without a name before it. */
export function parseMailFrom(text: string): string {
  const address = /^(?:[^<>\r\n"]+<([^<>\s]+)>|([^<>\s]+))$/.exec(text)
  const bare = address?.[1] ?? address?.[2] ?? ''
  if (!/^[^@\s]+@[^@\s]+$/.test(bare)) {
    throw new Error('must be an address such as miot@example.com or Name <miot@example.com>')
  }
  return text
}
