/**
 * better-auth reads variables of its own. `BETTER_AUTH_TELEMETRY` overrides the option that turns
 * its telemetry off, and would send a description of the installation to another machine.
 */

/** Removes them, so that the options in the code count alone. */
export function keepBetterAuthToOptions(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) if (name.startsWith('BETTER_AUTH_')) delete env[name]
}
