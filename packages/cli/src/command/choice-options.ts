/** The options by which commands for many clients choose them. */

import { ENVIRONMENTS } from '@modulariot/oauth/protocol'
import { type Command, Option } from 'commander'
import { duration } from './option-values.ts'

export function addChoice(command: Command): Command {
  return command
    .option('--tag <tag>', 'all clients with this tag')
    .option('--search <text>', 'all with this in the name, client_id or external id')
    .option('--never-used', 'all that have not been used yet')
    .option('--unused-for <time>', 'all last used, or created, longer ago: 24h, 30d', duration)
    .addOption(
      new Option('--environment <environment>', 'of all these, only clients in it').choices(
        ENVIRONMENTS,
      ),
    )
    .option('--file <file>', 'the clients in this file, one per line')
}

export const CHOICES = ['tag', 'search', 'neverUsed', 'unusedFor', 'environment', 'file'] as const

export function hasChoice(options: object): boolean {
  return CHOICES.some((name) => name in options)
}
