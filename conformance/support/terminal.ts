/**
 * `miot` at a real terminal: util-linux `script` runs it in a pseudo-terminal, where it may ask.
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from './environment.ts'

const MIOT = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))

/** Why tests of the terminal cannot run here; false: they can. */
export function noTerminal(): string | false {
  const { stdout, error } = spawnSync('script', ['--version'], { encoding: 'utf8' })
  const found = error === undefined && stdout.includes('util-linux')
  return found ? false : 'no script of util-linux (package bsdutils) on this machine'
}

export interface Session {
  readonly status: number | null
  /** Both streams, as the terminal shows them. */
  readonly screen: string
}

/**
 * Runs `miot` until it ends, and types `answer` when the screen shows `question`.
 *
 * @param answer as keys send it: `y\n`, or `\x04` for Ctrl-D.
 */
export async function runAtTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  { question, answer } = NOTHING_ASKED,
): Promise<Session> {
  const command = [process.execPath, MIOT, ...args].map(quoted).join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...environmentWithoutSettings(), ...NO_COLOUR_HINTS, TERM: 'dumb', ...env },
  })
  let screen = ''
  let answered = false
  child.stdout.on('data', (text) => {
    screen += text
    if (answered || !screen.includes(question)) return
    answered = true
    child.stdin.write(answer)
  })
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, screen: screen.replaceAll('\r\n', '\n') }
}

/**
 * `miot` in a terminal that is closed once the screen shows `shown`.
 *
 * @returns the id of the process, which is still there or has ended.
 */
export async function closeTerminalOf(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  shown: string,
): Promise<number> {
  const command = [process.execPath, MIOT, ...args].map(quoted).join(' ')
  const child = spawn('script', ['-qec', `echo "pid=$$"; exec ${command}`, '/dev/null'], {
    env: { ...environmentWithoutSettings(), TERM: 'dumb', ...env },
  })
  let screen = ''
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(screen)))
    child.stdout.on('data', (text) => {
      screen += text
      if (screen.includes(shown)) resolve()
    })
  })
  child.kill('SIGKILL')
  return Number(/pid=(\d+)/.exec(screen)?.[1])
}

/** What Node asks besides the terminal; a CI sets `CI`, which takes the colours away. */
const NO_COLOUR_HINTS = {
  ...{ NO_COLOR: undefined, FORCE_COLOR: undefined, NODE_DISABLE_COLORS: undefined },
  ...{ CI: undefined, TF_BUILD: undefined, TEAMCITY_VERSION: undefined, TMUX: undefined },
}

/** No screen has this. */
const NOTHING_ASKED = { question: '\0', answer: '' }

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
