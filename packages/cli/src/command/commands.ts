/** `miot completion` */

import type { Command } from 'commander'
import type { Place } from './completion.ts'
import type { Context } from './context.ts'
import { examples } from './help.ts'

export function addCompletion(program: Command, _context: () => Context): void {
  program
    .command('completion <shell>')
    .description('print the completion script of a shell: bash, zsh or fish')
    .addHelpText(
      'after',
      examples(
        'miot completion bash >> ~/.bashrc',
        'miot completion fish > ~/.config/fish/completions/miot.fish',
      ),
    )
    .action(async (shell: string) => {
      const { completionScript } = await import('./completion.ts')
      process.stdout.write(completionScript(placesOf(program), shell))
    })
}

function placesOf(program: Command): Place[] {
  const global = longOptions(program).filter((option) => option !== '--version')
  const below = (command: Command, path: readonly string[]): Place[] => [
    {
      path: path.join(' '),
      words: [...command.commands.map((one) => one.name()), ...longOptions(command), ...global],
    },
    ...command.commands.flatMap((one) => below(one, [...path, one.name()])),
  ]
  return below(program, [])
}

function longOptions(command: Command): string[] {
  const options = command.createHelp().visibleOptions(command)
  return options.flatMap(({ long }) => long ?? [])
}
