/** `miot orgs retention`: how long an organization's telemetry is kept. */

import { assertOrganization, setRetention } from '@modulariot/auth'
import { onThisMachine } from '../administration/local.ts'
import { type ConfirmOptions, confirmation } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { openTelemetryStore } from '../stores/open-stores.ts'
import { properties } from '../terminal/output.ts'

export interface RetentionOptions extends ConfirmOptions {
  readonly days?: number
  /** Return to the installation's setting. */
  readonly default?: true
}

/** Sets the retention when an option is given, and shows the current one. */
export async function retention(
  context: Context,
  org_id: string,
  options: RetentionOptions,
): Promise<void> {
  if (options.days !== undefined && options.default) {
    throw new CliError('usage', 'Use --days or --default, not both')
  }
  const isChange = options.days !== undefined || options.default === true
  const confirm = confirmation({ yes: isChange ? options.yes : true }, 'proceeds')
  const config = context.config()
  await onThisMachine(context, async (admin) => {
    const telemetry = await openTelemetryStore(config.database)
    try {
      const { days = null } = options
      await assertOrganization(org_id, admin)
      if (isChange) {
        const next = days ?? config.retentionDays
        if (next !== null) {
          await confirm(async () => [
            `This erases the telemetry of ${org_id} that is older than ${next} days, within hours.`,
            'It cannot be restored.',
          ])
        }
        await setRetention(org_id, days, telemetry, admin)
      }
      const own_days = await telemetry.findRetention(org_id)
      const kept_days = own_days ?? config.retentionDays
      context.output.print({ org_id, own_days, kept_days }, () =>
        properties([
          ['org_id', org_id],
          ['own setting', own_days === null ? 'none' : `${own_days} days`],
          ['telemetry kept', kept_days === null ? 'forever' : `${kept_days} days`],
        ]),
      )
    } finally {
      await telemetry.close()
    }
  })
}
