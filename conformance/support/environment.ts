/** The environment of programs that tests, scripts and benches start. */

/** As in scripts/bootstrap.mjs: keys, secrets, passwords. */
const SETTINGS = /^(MIOT_|PG)/i

/**
 * This process's environment without the user's settings, which must not reach a server under test.
 */
export function environmentWithoutSettings(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !SETTINGS.test(name)))
}
