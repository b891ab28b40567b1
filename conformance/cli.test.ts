/**
 * `miot` at a terminal: each transcript in cli/ is a session that must repeat exactly.
 *
 * `$ miot …` is a command, the lines below it are all its output (standard output first), `? n` its
 * exit status if it is not 0. `…` stands for any text within a line, and `{client_id}` for the
 * quick start's. The sessions run with `--no-json`, as on a terminal, unless they use `--json`.
 */

import assert from 'node:assert/strict'
import { globSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type RunningServer, startServer } from './support/running-server.ts'
import { noTerminal, runAtTerminal } from './support/terminal.ts'

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
    const { status, stderr } = await send('x'.repeat(119))
    assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'usage'])
    const { stdout } = await server.miot(['assets', 'list', '--search', 'MANY-', '--json'])
    assert.equal(stdout.includes('MANY-'), false, stdout)
  })

  it('stores all of them under a shorter id', async () => {
    const { status, stdout } = await send('y'.repeat(118))
    const { sent, kept, replayed } = JSON.parse(stdout)
    assert.deepEqual([status, sent, kept, replayed], [0, 1001, 1001, 0])
  })

  it('loses no line to a bad one, and stores none twice when the file has changed', async () => {
    const input = ['{"asset_id": oops', ...lines].join('\n')
    const { status, stdout } = await server.miot(['track', 'send', '--file', '-', '--json'], {
      input,
    })
    const printed = stdout.trimEnd().split('\n')
    const [refusal, summary] = printed.map((line) => JSON.parse(line))
    const { sent, kept, replayed, refused } = summary
    assert.deepEqual([status, refusal.line, refusal.code], [1, 1, 400])
    assert.deepEqual([sent, kept, replayed, refused], [1002, 1001, 1001, 1])
  })
})

it('miot clients import writes credentials that work', async () => {
  const out = join(server.dataDir, 'credentials.csv')
  const { status, stdout } = await server.miot(
    ['clients', 'import', '-', '--out', out, '--environment', 'production', '--json'],
    { input: 'name\nImported\n' },
  )
  assert.equal(status, 0, stdout)
  assert.equal(statSync(out).mode & 0o777, 0o600)
  const [, row = ''] = readFileSync(out, 'utf8').split('\r\n')
  const [, , name, client_id, client_secret, audience, grant_type, token_url] = row.split(',')
  assert.equal(name, 'Imported')
  assert.ok(client_secret?.startsWith('miot_prod_') && !stdout.includes(client_secret))
  const body = JSON.stringify({ client_id, client_secret, audience, grant_type })
  const headers = { 'content-type': 'application/json' }
  const { pathname } = new URL(String(token_url))
  const login = await fetch(server.url + pathname, { method: 'POST', headers, body })
  assert.equal(login.status, 200, await login.text())
})

describe('miot at a terminal', { skip: noTerminal() }, () => {
  const at = (env: Record<string, string>, ...args: string[]) =>
    runAtTerminal(args, {
      ...{ MIOT_DATA_DIR: server.dataDir, MIOT_ISSUER: server.url, TERM: 'xterm-256color', ...env },
    })
  /** Of one that shows colours; `[22m` and `[39m` end them. */
  const BOLD_HEADER = '\u001b[1mNAME             ORG ID\u001b[22m\n'
  const RED_NAME = '\u001b[31mmiot:\u001b[39m '

  it('prints headers in bold and its name before errors in red', async () => {
    const listed = await at({}, 'orgs', 'list')
    assert.ok(listed.screen.startsWith(BOLD_HEADER), JSON.stringify(listed.screen))
    const failed = await at({}, 'clients', 'show', 'no-such-client')
    assert.ok(failed.screen.startsWith(RED_NAME), JSON.stringify(failed.screen))
    assert.ok((await at({}, '--help')).screen.includes('\u001b[1mUsage:\u001b[22m'))
  })

  it('prints no escape sequence with NO_COLOR, or at a terminal that knows none', async () => {
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      for (const args of [['orgs', 'list'], ['clients', 'show', 'no-such-client'], ['--help']]) {
        const { screen } = await at(env, ...args)
        assert.ok(!screen.includes('\u001b'), JSON.stringify(screen))
      }
    }
  })

  it('says that there is nothing instead of a bare header; JSON stays an empty list', async () => {
    const empty: Record<string, string[]> = {
      'No client was found.': ['clients', 'list', '--tag', 'no-such-tag'],
      'No entry was found.': ['audit', 'list', '--action', 'no.such'],
      'No asset was found.': ['assets', 'list', '--search', 'NO-SUCH-ASSET'],
      'No event was found.': ['assets', 'events', '--type', 'no-such-type'],
    }
    for (const [sentence, args] of Object.entries(empty)) {
      assert.equal((await at({}, ...args)).screen, `${sentence}\n`)
      const [list] = Object.values(JSON.parse((await server.miot([...args, '--json'])).stdout))
      assert.deepEqual(list, [])
    }
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
