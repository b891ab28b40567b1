/**
 * Checkpoints of the audit trail: an attacker who rewrites the whole database, including the chain,
 * is detected by earlier signatures. The tests rewrite the database as an attacker would who knows
 * the chain's format and has no key.
 */

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import {
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { compactVerify, importJWK, type JWK } from 'jose'
import { type MiotResult, type RunningServer, startServer } from './support/running-server.ts'

interface Signed {
  readonly checkpoint: string
  readonly seq: number
  readonly hash: string
  readonly first_seq: number
  readonly iss: string
  readonly public_key: JWK
}

let server: RunningServer
const localFile = (): string => join(server.dataDir, 'audit-checkpoints.ndjson')

before(async () => {
  server = await startServer()
})
after(() => server.stop())

async function json<Answer>(...args: string[]): Promise<Answer> {
  const { status, stdout, stderr } = await server.miot([...args, '--json'])
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Answer
}

const checkpoint = (): Promise<Signed> => json<Signed>('audit', 'checkpoint')
const grow = () => json('orgs', 'create', '--name', 'One more')

async function verify(...args: string[]): Promise<MiotResult & { message: string }> {
  const result = await server.miot(['audit', 'verify', ...args, '--json'])
  const message = result.status === 0 ? '' : JSON.parse(result.stderr).error.message
  return { ...result, message }
}

/** Replaces the organization's name in every entry, and recomputes every hash. */
function rewrite(name: string): void {
  using database = new DatabaseSync(join(server.dataDir, 'auth.db'))
  const rows = database.prepare('SELECT seq, entry FROM audit ORDER BY seq').all()
  const update = database.prepare('UPDATE audit SET entry = ?, hash = ? WHERE seq = ?')
  let hash = '0'.repeat(64)
  for (const row of rows as { seq: number; entry: string }[]) {
    const entry = row.entry.replaceAll(/"(?:My organization|One more|[A-Z]\w+ Ltd)"/g, `"${name}"`)
    hash = createHash('sha256').update(hash).update('\n').update(entry).digest('hex')
    update.run(entry, hash, row.seq)
  }
}

describe('a checkpoint', () => {
  it('can be verified with the public key alone, and names the head', async () => {
    const signed = await checkpoint()
    const key = await importJWK(signed.public_key, 'EdDSA')
    const { payload, protectedHeader } = await compactVerify(signed.checkpoint, key)
    const { seq, hash, first_seq, iss, at } = JSON.parse(new TextDecoder().decode(payload))
    assert.deepEqual([first_seq, iss], [1, server.url])
    // The server may have created a key since, and recorded it in the trail.
    using database = new DatabaseSync(join(server.dataDir, 'auth.db'), { readOnly: true })
    assert.equal(database.prepare('SELECT hash FROM audit WHERE seq = ?').get(seq)?.hash, hash)
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000)
    assert.deepEqual(protectedHeader, {
      ...{ alg: 'EdDSA', typ: 'modulariot-audit-checkpoint' },
      kid: signed.public_key.kid,
    })
  })

  it('is the same through the admin API, with the scope to read the trail', async () => {
    const administer = async (...scopes: string[]) => {
      const audience = `${server.url}/admin/v1`
      const flags = scopes.flatMap((scope) => ['--scope', scope])
      const name = ['--name', 'Auditor', '--audience', audience]
      const made = await json<Record<string, string>>('clients', 'create', ...name, ...flags)
      return {
        MIOT_CLIENT_ID: made.client_id ?? '',
        MIOT_CLIENT_SECRET: made.client_secret ?? '',
      }
    }
    const fetched = async (env: Record<string, string>) =>
      server.miot(['audit', 'checkpoint', '--url', server.url, '--json'], { env })
    const answer = await fetched(await administer('audit:read'))
    assert.equal(answer.status, 0, answer.stderr)
    const { checkpoint: _, at: __, ...remote } = JSON.parse(answer.stdout)
    assert.deepEqual((await fetched(await administer('clients:read'))).status, 4)
    assert.equal(remote.public_key.kid, (await checkpoint()).public_key.kid)
    assert.equal((await verify('--checkpoint', JSON.parse(answer.stdout).checkpoint)).status, 0)
  })

  it('is written when the server stops, to its log and to a file readable by its owner only', async () => {
    await grow()
    await server.restart()
    const lines = readFileSync(localFile(), 'utf8').trimEnd().split('\n')
    const last = JSON.parse(lines.at(-1) ?? '') as Signed
    assert.equal(last.seq, (await checkpoint()).seq)
    assert.equal(statSync(localFile()).mode & 0o777, 0o600)
    const logged = server
      .output()
      .split('\n')
      .find((line) => line.includes('"audit checkpoint"') && line.includes(`"seq":${last.seq},`))
    assert.ok(logged, server.output())
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const log = join(folder.path, 'shipped.log')
    writeFileSync(log, `${logged}\n`)
    const { stdout, stderr } = await verify('--checkpoint', log)
    assert.equal(JSON.parse(stdout || stderr).checkpoints?.newest.seq, last.seq)
  })
})

describe('a trail that was rewritten as a whole', () => {
  it('is detected by the checkpoint kept elsewhere, and by nothing else', async () => {
    await grow()
    const kept = await checkpoint()
    await server.kill('SIGTERM')
    rmSync(localFile(), { force: true })
    rewrite('Other Ltd')
    const alone = await verify()
    assert.equal(alone.status, 0, 'the chain alone cannot tell')
    assert.equal(JSON.parse(alone.stdout).checkpoints.compared, 0)
    const { status, message } = await verify('--checkpoint', kept.checkpoint)
    assert.equal(status, 1)
    assert.match(message, new RegExp(`row ${kept.seq} differs from the checkpoint of 20`))
    // The trail grows and is signed again: the old checkpoint still reveals it.
    await grow()
    const newer = await checkpoint()
    assert.equal((await verify('--checkpoint', newer.checkpoint)).status, 0)
    const both = await verify('--checkpoint', newer.checkpoint, kept.checkpoint)
    assert.match(both.message, new RegExp(`row ${kept.seq} differs from the checkpoint of 20`))
    await server.restart()
  })

  it('is detected by the checkpoints in the data directory, without an option', async () => {
    await server.kill('SIGTERM')
    rewrite('Third Ltd')
    const { status, message, stdout } = await verify()
    assert.equal(status, 1, stdout)
    assert.match(message, /row \d+ differs from the checkpoint of 20/)
  })

  it('is reported by the server when it makes its next checkpoint', async () => {
    // One restart starts on the rewritten trail, and another stops the server, which always checks
    // it.
    await server.restart()
    await server.restart()
    assert.match(server.output(), /Row \d+ of the audit trail differs from the checkpoint of 20/)
  })

  it('that was cut below a checkpoint is detected, too', async () => {
    const { checkpoint: kept, seq } = await checkpoint()
    using database = new DatabaseSync(join(server.dataDir, 'auth.db'))
    database.exec(`DELETE FROM audit WHERE seq >= ${seq - 1}`)
    const { status, message } = await verify('--checkpoint', kept)
    assert.equal(status, 1)
    assert.match(
      message,
      new RegExp(`row ${seq - 1} is missing: the trail once reached row ${seq}`),
    )
    await grow()
    await grow()
  })
})

describe('a checkpoint that proves nothing', () => {
  it('is named: altered, of another installation, or not a checkpoint', async () => {
    const env = { MIOT_ENCRYPTION_KEY: randomBytes(32).toString('hex') }
    const { stdout } = await server.miot(['audit', 'checkpoint', '--json'], { env })
    const theirs = JSON.parse(stdout).checkpoint as string
    const { checkpoint: ours } = await checkpoint()
    const [header, payload, signature] = ours.split('.') as [string, string, string]
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const forged = Buffer.from(JSON.stringify({ ...claims, seq: 1 })).toString('base64url')
    const cases: [string, RegExp][] = [
      [theirs, /^The checkpoint comes from another installation: http:\/\/localhost:\d+, key /],
      [`${header}.${forged}.${signature}`, /^The checkpoint was altered: its signature does not/],
      [`${header}.${payload}.${signature.slice(0, -4)}AAAA`, /was altered/],
      [
        `${header}.${Buffer.from('{}').toString('base64url')}.${signature}`,
        /^The checkpoint is not a JWS/,
      ],
    ]
    for (const [given, why] of cases) {
      const { status, message } = await verify('--checkpoint', given)
      assert.deepEqual([status, why.test(message)], [1, true], message)
    }
    assert.equal((await verify('--checkpoint', '/no/such/file')).status, 2)
  })

  it('in a file is named with its line', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'kept.ndjson')
    for (const _ of [1, 2]) {
      await json('audit', 'checkpoint', '--out', path)
      await grow()
    }
    assert.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 2)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal((await verify('--checkpoint', path)).status, 0)
    const [first = ''] = readFileSync(path, 'utf8').split('\n')
    const { checkpoint } = JSON.parse(first)
    for (const text of [readFileSync(path, 'utf8'), first, checkpoint, `${checkpoint}\r\n`]) {
      const marked = join(folder.path, 'marked')
      writeFileSync(marked, `\ufeff${text}`)
      const { status, stderr } = await verify('--checkpoint', marked)
      assert.equal(status, 0, `a byte order mark is skipped: ${stderr}`)
    }
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"checkpoint":7}\n`)
    const { status, message } = await verify('--checkpoint', path)
    assert.deepEqual([status, message], [1, `${path}: line 3 holds no checkpoint`])
  })
})

describe('the file of checkpoints', () => {
  it('tolerates an incomplete line, and is not written through a link or into a folder', async () => {
    await server.kill('SIGTERM')
    writeFileSync(localFile(), '{"checkpoint":"eyJ')
    await json('audit', 'checkpoint', '--out', localFile())
    const { stdout } = await verify()
    const { checkpoints } = JSON.parse(stdout)
    assert.deepEqual([checkpoints.compared, checkpoints.unreadable], [1, 1])

    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const target = join(folder.path, 'target')
    writeFileSync(target, '')
    rmSync(localFile())
    const obstacles = [() => symlinkSync(target, localFile()), () => mkdirSync(localFile())]
    for (const obstacle of obstacles) {
      await server.restart()
      await grow()
      rmSync(localFile(), { recursive: true, force: true })
      obstacle()
      const before = server.output().length
      await server.kill('SIGTERM')
      assert.match(
        server.output().slice(before),
        /could not be written to its file and is in this log only/,
      )
      const untouched = statSync(localFile()).isDirectory()
        ? readdirSync(localFile())
        : readFileSync(target, 'utf8')
      assert.equal(untouched.length, 0)
      // With either in its place the server refuses to start: conformance/private-files.test.ts.
      rmSync(localFile(), { recursive: true })
    }
    await server.restart()
  })
})

describe('miot audit retention', () => {
  it('shows the retention, and removes only entries that are too old', async () => {
    const kept = { cut_rows: 0, first_seq: 1, kept_days: null }
    assert.deepEqual(await json('audit', 'retention'), kept)
    assert.deepEqual(await json('audit', 'retention', '--days', '1'), kept)
    const { status } = await server.miot(['audit', 'retention', '--days', '0'])
    assert.equal(status, 2)
  })
})
