import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { createProgram } from './program.ts'

type Command = ReturnType<typeof createProgram>

/** With its groups and itself. */
function all(command: Command): Command[] {
  return [command, ...command.commands.flatMap(all)]
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
}

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (more) => {
      text += more
    },
  })
  command.outputHelp()
  return text
}

/** Words of a command line, without quotes. */
function wordsOf(line: string): string[] {
  const words = line.match(/'[^']*'|"[^"]*"|\S+/g) ?? []
  return words.map((word) => word.replace(/^(['"])(.*)\1$/, '$2'))
}

describe('the help of every command', () => {
  const commands = all(createProgram({}, false)).filter((one) => one.name() !== 'help')

  it('has examples that the command accepts', async () => {
    assert.ok(commands.length > 30)
    for (const command of commands) {
      const path = pathOf(command)
      const examples = (helpOf(command).split('\nExamples:\n')[1] ?? '').trimEnd().split('\n')
      const lines = examples.flatMap((line) => line.match(/(?<![\w/])miot [^|>)]*/g) ?? [])
      const own = lines.filter((line) => `${line} `.startsWith(`${path} `))
      assert.notEqual(own.length, 0, `${path} has no example`)
      for (const line of lines) await assertAccepted(line)
    }
  })
})

/** As people type it, from `miot` on. */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** Parses the line with every action replaced. */
async function assertAccepted(line: string): Promise<void> {
  const program = createProgram({}, false)
  let ran = false
  for (const command of leaves(program)) {
    command.action(() => {
      ran = true
    })
  }
  await program.parseAsync(wordsOf(line).slice(1), { from: 'user' })
  assert.ok(ran, line)
}
