/** How persons get accounts, from the settings. */

import type { AuthServerOptions } from '@modulariot/auth/server'
import type { Config } from '../config/parse-config.ts'
import { isLoopback } from '../config/parsers.ts'

/**
 * The first account needs the setup code unless only this machine reaches the server. Null: persons
 * have no accounts.
 */
export function accountOptions({
  console,
  signUp,
  mail,
  host,
  issuer,
  trustedProxies,
}: Config): NonNullable<AuthServerOptions['accounts']> | null {
  if (console === 'off') return null
  const here = isLoopback(host) && isLoopback(hostOf(issuer)) && trustedProxies.length === 0
  return { signUp, mail, setupCodeRequired: !here }
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '')
}
