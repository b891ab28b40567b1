import assert from 'node:assert/strict'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { TokenEvent } from '../client/index.ts'
import { TokenSource, type TokenSourceOptions, type TokenStore } from '../client/index.ts'
import { fileTokenStore } from './file-token-store.ts'

const root = await mkdtemp(join(tmpdir(), 'miot-tokens-'))
after(() => rm(root, { recursive: true }))

let directories = 0
const KEY = 'a'.repeat(64)

function newDirectory(): string {
  return join(root, `d${directories++}`)
}

/** Several processes with one directory and one server. */
function setUp() {
  const directory = newDirectory()
  const server = { requests: 0, answer: () => ({ expires_in: 86_400 }) as object }
  const events: TokenEvent[] = []
  const fetch: typeof globalThis.fetch = async () => {
    const access_token = `t${++server.requests}`
    return new Response(JSON.stringify({ access_token, token_type: 'Bearer', ...server.answer() }))
  }
  const start = (options: Partial<TokenSourceOptions> = {}) =>
    new TokenSource({
      token_endpoint: 'https://auth.example/token',
      client_id: 'client-1',
      client_secret: 'secret',
      audience: 'https://api.example',
      store: fileTokenStore({ directory, lockWaitMs: 60_000 }),
      fetch,
      onEvent: (event) => events.push(event),
      ...options,
    })
  const fileNames = async () => (await readdir(directory)).sort()
  return { directory, server, start, events, fileNames }
}

describe('tokens in files', () => {
  it('outlive the process that requested them', async () => {
    const { start, server } = setUp()
    assert.equal(await start().token(), 't1')
    assert.equal(await start().token(), 't1')
    assert.equal(server.requests, 1)
  })

  it('are requested once by twenty processes that start together', async () => {
    const { start, server, fileNames } = setUp()
    const tokens = await Promise.all(Array.from({ length: 20 }, () => start().token()))
    assert.deepEqual(new Set(tokens), new Set(['t1']))
    assert.equal(server.requests, 1)
    assert.equal((await fileNames()).length, 1, 'no lock and nothing temporary is left')
  })

  it('can be read by their owner only', async () => {
    const { start, directory, fileNames } = setUp()
    await start().token()
    const [name = ''] = await fileNames()
    assert.equal((await stat(directory)).mode & 0o777, 0o700)
    assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600)
  })

  it('are kept apart by issuer, client, audience, scope and secret', async () => {
    const { start, server } = setUp()
    await start().token()
    const others: Partial<TokenSourceOptions>[] = [
      { issuer: 'https://other.example' },
      { client_id: 'client-2' },
      { audience: 'https://other.example' },
      { scope: 'a' },
      { client_secret: 'another' },
    ]
    for (const other of others) await start(other).token()
    assert.equal(server.requests, 6)
    for (const other of others) await start(other).token()
    assert.equal(server.requests, 6)
  })

  it('show no secret in their names or text', async () => {
    const { start, directory, fileNames } = setUp()
    await start({ client_secret: 'very-secret' }).token()
    for (const name of await fileNames()) {
      assert.match(name, /^[0-9a-f]{64}\.token$/)
      assert.doesNotMatch(await readFile(join(directory, name), 'utf8'), /very-secret/)
    }
  })

  it('are not read from the file again after an API refused them', async () => {
    const { start, server } = setUp()
    const [one, other] = [start(), start()]
    await one.token()
    await other.token()
    one.forget('t1')
    assert.equal(await one.token(), 't2')
    other.forget('t1')
    assert.equal(await other.token(), 't2', 'what the first has fetched serves the second')
    assert.equal(server.requests, 2)
  })

  it('are not kept when their lifetime is unknown', async () => {
    const { start, server, fileNames } = setUp()
    server.answer = () => ({})
    await start().token()
    assert.deepEqual(await fileNames(), [])
  })

  it('are not used when they have expired or come from the future', async () => {
    for (const begun_ms of [Date.now() - 86_400_000, Date.now() + 120_000]) {
      const { start, server, directory, fileNames } = setUp()
      await start().token()
      const path = join(directory, (await fileNames())[0] ?? '')
      const stored = JSON.parse(await readFile(path, 'utf8'))
      await writeFile(path, JSON.stringify({ ...stored, begun_ms }))
      assert.equal(await start().token(), 't2')
      assert.equal(server.requests, 2)
    }
  })
})

describe('a damaged or foreign file', () => {
  const texts: Readonly<Record<string, (text: string) => string>> = {
    'cut short': (text) => text.slice(0, 40),
    empty: () => '',
    'an array': () => '[]',
    null: () => 'null',
    'of another version': (text) => text.replace('"version":1', '"version":2'),
    'moved from another key': (text) => text.replace(/"key":"[^"]*"/, `"key":"${KEY}"`),
    'without a token': (text) => text.replace('"t1"', 'null'),
    'without a time': (text) => text.replace(/"begun_ms":\d+/, '"begun_ms":"x"'),
    'without an end': (text) => text.replace('86400', '"x"'),
    'too long': (text) => text + ' '.repeat(65_536),
  }
  for (const [what, spoil] of Object.entries(texts)) {
    it(`is skipped when it is ${what}, and replaced`, async () => {
      const { start, server, directory, fileNames } = setUp()
      await start().token()
      const path = join(directory, (await fileNames())[0] ?? '')
      const spoilt = spoil(await readFile(path, 'utf8'))
      await writeFile(path, spoilt)
      assert.equal(await start().token(), 't2')
      assert.equal(await start().token(), 't2')
      assert.equal(server.requests, 2)
    })
  }

  it('is not trusted when others may read it, or it is a link', async () => {
    const { start, directory, fileNames, events } = setUp()
    await start().token()
    const path = join(directory, (await fileNames())[0] ?? '')
    await chmod(path, 0o644)
    assert.equal(await start().token(), 't2')
    assert.ok(events.some(({ kind }) => kind === 'store_failed'))
    const elsewhere = join(root, 'elsewhere')
    await writeFile(elsewhere, (await readFile(path, 'utf8')).replace('t2', 'planted'), {
      mode: 0o600,
    })
    await rm(path)
    await symlink(elsewhere, path)
    assert.equal(await start().token(), 't3')
  })

  it('is not trusted in a directory that others may write to', async () => {
    const { start, directory, server } = setUp()
    await mkdir(directory)
    await chmod(directory, 0o777)
    assert.equal(await start().token(), 't1')
    assert.equal(await start().token(), 't2')
    assert.equal(server.requests, 2)
    assert.deepEqual(await readdir(directory), [])
  })
})

describe('a store that fails', () => {
  it('does not cost a token', async () => {
    const fail = () => Promise.reject(new Error('disk'))
    const parts = { read: async () => null, write: async () => {}, lock: async () => fail }
    const broken: Partial<TokenStore>[] = [{ read: fail }, { write: fail }, { lock: fail }, {}]
    for (const store of broken) {
      const { start, events } = setUp()
      assert.equal(await start({ store: { ...parts, ...store } }).token(), 't1')
      assert.ok(events.some(({ kind }) => kind === 'store_failed'))
    }
  })
})

describe('the lock', () => {
  it('of a dead process is broken after a while', async () => {
    const directory = newDirectory()
    const store = fileTokenStore({ directory, lockStaleMs: 1000 })
    await store.lock(KEY, AbortSignal.timeout(5000))
    const past = new Date(Date.now() - 2000)
    await utimes(join(directory, `${KEY}.lock`), past, past)
    const release = await store.lock(KEY, AbortSignal.timeout(5000))
    await release()
    assert.deepEqual(await readdir(directory), [])
  })

  it('of a live process is waited for, but not without limit', async () => {
    const store = fileTokenStore({ directory: newDirectory(), lockWaitMs: 30 })
    await store.lock(KEY, AbortSignal.timeout(5000))
    await assert.rejects(store.lock(KEY, AbortSignal.timeout(5000)), /held by another/)
  })

  it('that was broken and taken over is not released by its first holder', async () => {
    const directory = newDirectory()
    const store = fileTokenStore({ directory })
    const release = await store.lock(KEY, AbortSignal.timeout(5000))
    await writeFile(join(directory, `${KEY}.lock`), 'another')
    await release()
    assert.deepEqual(await readdir(directory), [`${KEY}.lock`])
  })

  it('is not waited for past the deadline', async () => {
    const store = fileTokenStore({ directory: newDirectory() })
    await store.lock(KEY, AbortSignal.timeout(5000))
    await assert.rejects(store.lock(KEY, AbortSignal.timeout(20)))
  })
})

describe('leftover files', () => {
  it('are removed after a month, and nothing else in the directory is', async () => {
    const directory = newDirectory()
    await mkdir(directory, { mode: 0o700 })
    const past = new Date(Date.now() - 32 * 86_400_000)
    for (const name of [`${KEY}.token`, `${KEY}.x.tmp`, 'notes.txt']) {
      await writeFile(join(directory, name), '')
      await utimes(join(directory, name), past, past)
    }
    await fileTokenStore({ directory }).read(KEY)
    assert.deepEqual(await readdir(directory), ['notes.txt'])
  })
})
