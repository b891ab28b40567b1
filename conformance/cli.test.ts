/**
 * `miot` at a terminal: each transcript in cli/ is a session that must repeat exactly.
 *
 * `$ miot …` is a command, the lines below it are all its output (standard output first), `? n` its
 * exit status if it is not 0. `…` stands for any text within a line, and `{client_id}` for the
 * quick start's. The sessions run with `--no-json`, as on a terminal, unless they use `--json`.
 */

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type RunningServer, startServer } from './support/running-server.ts'

interface Step {
  readonly command: string
  readonly expected: string
  readonly status: number
}

const folder = fileURLToPath(new URL('./cli/', import.meta.url))
let server: RunningServer

before(async () => {
  server = await startServer()
})
after(() => server.stop())

describe('miot', () => {
  for (const file of globSync(`${folder}*.txt`).sort()) {
    it(`answers as in the transcript ${basename(file)}`, async () => {
      for (const step of parseTranscript(readFileSync(file, 'utf8'))) await replay(step)
    })
  }
})

describe('miot track send of more reports than one request takes', () => {
  const lines = Array.from({ length: 1001 }, (_, n) =>
    JSON.stringify({ asset_id: `MANY-${n}`, timestamp: new Date().toISOString() }),
  )
  const send = (requestId: string) =>
    server.miot(['track', 'send', '--file', '-', '--request-id', requestId, '--json'], {
      input: lines.join('\n'),
    })

  it('refuses an id too long for those of the requests, before any is sent', async () => {
    const { status, stderr } = await send('x'.repeat(127))
    assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'usage'])
    const { stdout } = await server.miot(['assets', 'list', '--search', 'MANY-', '--json'])
    assert.equal(stdout.includes('MANY-'), false, stdout)
  })

  it('stores all of them under a shorter id', async () => {
    const { status, stdout } = await send('y'.repeat(126))
    const { sent, kept, replayed } = JSON.parse(stdout)
    assert.deepEqual([status, sent, kept, replayed], [0, 1001, 1001, 0])
  })
})

async function replay({ command, expected, status }: Step): Promise<void> {
  const args = splitCommand(command.replaceAll('{client_id}', server.credentials.client_id))
  const manner = args.includes('--json') ? [] : ['--no-json']
  const result = await server.miot([...args, ...manner])
  const printed = (result.stdout + result.stderr).trimEnd()
  const text = expected.replaceAll('{client_id}', server.credentials.client_id)
  assert.match(printed, patternOf(text), `$ miot ${command}`)
  assert.equal(result.status, status, `$ miot ${command}`)
}

function parseTranscript(text: string): Step[] {
  return text
    .split(/^\$ miot ?/m)
    .slice(1)
    .map((section) => {
      const [command = '', ...lines] = section.trimEnd().split('\n')
      const status = /^\? (\d+)$/.exec(lines.at(-1) ?? '')?.[1]
      const expected = (status === undefined ? lines : lines.slice(0, -1))
        .filter((line) => !line.startsWith('# '))
        .join('\n')
      return { command, expected: expected.trimEnd(), status: Number(status ?? 0) }
    })
}

function patternOf(expected: string): RegExp {
  const literal = expected.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('…', '[^\\n]*')}$`)
}

/** Splits at spaces, except within single quotes. */
function splitCommand(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? (match[2] as string))
}
